"""The picture of a prediction: the question, and a sentence that compares guess and result."""

import textwrap
from dataclasses import dataclass
from typing import Any

from microgpt.viz.drawing import Drawing, Text

WIDTH, LINE_HEIGHT, MAX_LINE_LENGTH = 720, 20, 92


@dataclass(frozen=True)
class PredictionState:
    """A question with its options or unit; `guess` and `result` are `None` until they are known."""

    question: str
    options: tuple[Any, ...] = ()
    unit: str = ""
    guess: Any = None
    result: Any = None
    explanation: str = ""


def question_lines(question: str) -> list[str]:
    """Wrap the question to the width of the picture."""
    return textwrap.wrap(question, MAX_LINE_LENGTH)


def draw_prediction(prediction: PredictionState, message: str = "") -> tuple[Drawing, str]:
    """Draw the question; return the drawing and its caption, which `message` replaces."""
    lines = question_lines(prediction.question)
    caption = message or prediction_sentence(prediction)
    height = LINE_HEIGHT * len(lines) + 2
    drawing = Drawing(WIDTH, height, f"{prediction.question} {caption}")
    for i, line in enumerate(lines):
        drawing.add(Text(0, 15 + LINE_HEIGHT * i, line, bold=True))
    return drawing, caption


def prediction_sentence(prediction: PredictionState) -> str:
    """Return a sentence with guess, result and explanation, as far as they are known."""
    unit = prediction.unit
    guess, result = format_value(prediction.guess, unit), format_value(prediction.result, unit)
    if prediction.result is None:
        if prediction.guess is not None:
            return f"You say {guess}. Run on to see."
        if prediction.options:
            *others, last = [format_value(option) for option in prediction.options]
            return f"Your guess: {', '.join(others)} or {last}? Nothing depends on it."
        return f"Your guess, in {unit}? Nothing depends on it."
    if prediction.guess is None:
        sentence = f"It is {result}."
    elif prediction.guess == prediction.result:
        sentence = f"You said {guess}, and it is {result}."
    elif prediction.guess == _nearest_option(prediction):
        sentence = f"You said {guess}, the nearest of these: it is {result}."
    else:
        sentence = f"You said {guess}; it is {result}."
    return f"{sentence} {prediction.explanation}".strip()


def format_value(value: Any, unit: str = "") -> str:
    """Format a guess or result with its unit; numbers get three digits or thousands separators."""
    if isinstance(value, float):
        value = f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    elif isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:,}"
    return f"{value} {unit}".strip()


def _nearest_option(prediction: PredictionState) -> Any:
    """Return the option nearest to the result; None for texts, or if an option equals it."""
    result = prediction.result
    numbers = [option for option in prediction.options if isinstance(option, int | float)]
    if not numbers or not isinstance(result, int | float) or result in numbers:
        return None
    return min(numbers, key=lambda option: abs(option - result))
