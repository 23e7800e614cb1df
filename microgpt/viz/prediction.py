"""A prediction: the question, its options as pills, and a sentence that compares guess and result.

The still picture shows the question alone: a saved notebook gives no answer away.
"""

import math
import textwrap
from dataclasses import dataclass
from typing import Any, NamedTuple

from microgpt.plain_text import join_or
from microgpt.viz.drawing import MARGIN, Drawing, Rect, Text
from microgpt.viz.html import Markup, Rendered, tag

WIDTH, LINE_HEIGHT, MAX_LINE_LENGTH = 720, 24, 62
PILL_HEIGHT, LETTER_WIDTH = 40, 8.2  # pixels; of a letter of 14 pixels


@dataclass(frozen=True)
class PredictionState:
    """A question with its options or unit; `guess` and `result` are `None` until they are known.

    A result that `is_rule` was not measured: it is what a specification says.
    """

    question: str
    options: tuple[Any, ...] = ()
    unit: str = ""
    guess: Any = None
    result: Any = None
    explanation: str = ""
    is_rule: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether both guess and result are known: only then is the result shown."""
        return self.guess is not None and self.result is not None

    def asks_the_same_as(self, other: "PredictionState") -> bool:
        """Whether question, options and unit are equal."""
        asked = (self.question, self.options, self.unit)
        return asked == (other.question, other.options, other.unit)


class Pill(NamedTuple):
    """An option, or the guess or the result of a question without options.

    `role` is "" or one or more of "chosen" (your guess), "right" (the result), "rule" (of a result
    that was not measured) and "nearest".
    """

    text: str
    role: str


ROLE_WORDS = {
    "chosen": "your guess",
    "right": "measured",
    "nearest": "nearest",
    "right rule": "the rule",
    "chosen right": "your guess, measured",
    "chosen right rule": "your guess, the rule",
    "chosen nearest": "your guess, nearest",
}


def pills(state: PredictionState, shows_result: bool) -> list[Pill]:
    """Return the options with what is known of each; without options, guess and result."""
    if not state.options:
        return _number_pills(state) if shows_result else []
    nearest = _nearest_options(state) if shows_result else []
    found = []
    for option in state.options:
        roles = ["chosen"] * (state.guess is not None and option == state.guess)
        if shows_result and _is_same(option, state.result):
            roles += ["right", "rule"] if state.is_rule else ["right"]
        elif option in nearest:
            roles.append("nearest")
        found.append(Pill(format_value(option), " ".join(roles)))
    return found


def _number_pills(state: PredictionState) -> list[Pill]:
    guess, result = (format_value(value, state.unit) for value in (state.guess, state.result))
    if state.guess is None:
        return [Pill(result, "right")]
    if guess == result:
        return [Pill(result, "chosen right")]
    return [Pill(guess, "chosen"), Pill(result, "right")]


def render_prediction(state: PredictionState, before: PredictionState | None = None) -> Rendered:
    """Return the question, which the controls follow; without options also guess and result."""
    parts = [tag("h3", state.question, css_class="q question")]
    if not state.options and state.is_answered:
        parts.append(pills_html(state))
    return Rendered(Markup("".join(parts)), prediction_sentence(state))


def pills_html(state: PredictionState) -> Markup:
    """Return guess and result among the options, for a page without controls."""
    items = [
        tag(
            "li",
            tag("b", pill.text),
            *([" ", tag("span", ROLE_WORDS[pill.role])] if pill.role else []),
            css_class=" ".join(["answer", *(f"is-{role}" for role in pill.role.split())]),
        )
        for pill in pills(state, shows_result=True)
    ]
    return tag("ul", *items, css_class="answers")


def reveal_html(state: PredictionState) -> Markup:
    """Return the card of a revealed prediction: question, pills, and the sentence."""
    card = tag(
        "div",
        tag("h3", state.question, css_class="q question"),
        pills_html(state),
        tag("p", answer_sentence(state), css_class="say"),
        css_class="card prediction",
    )
    return tag("div", card, css_class="host")


def draw_prediction(state: PredictionState) -> Drawing:
    """Draw the question and its options, never a guess or a result."""
    lines = textwrap.wrap(state.question, MAX_LINE_LENGTH) or [""]
    drawing = Drawing(WIDTH)
    y = 36.0
    for line in lines:
        drawing.add(Text(MARGIN, y, line, size=18, weight="bold"))
        y += LINE_HEIGHT
    x, y = float(MARGIN), y - 6
    for text in [format_value(option) for option in state.options] or [f"… {state.unit}"]:
        width = 40 + LETTER_WIDTH * len(text)
        if x > MARGIN and x + width > WIDTH - MARGIN:
            x, y = float(MARGIN), y + PILL_HEIGHT + 8
        drawing.add(
            Rect(x, y, width, PILL_HEIGHT, "page", "hair", radius=PILL_HEIGHT / 2),
            Text(x + width / 2, y + 25, text, "middle", 14),
        )
        x += width + 8
    drawing.height = y + PILL_HEIGHT + 20
    return drawing


def still_sentence(state: PredictionState) -> str:
    """Return the alternative text of the still picture: the question and its options."""
    asked = f"in {state.unit}"
    if state.options:
        asked = join_or(map(format_value, state.options))
    return f"{state.question} Say what you expect: {asked}."


def prediction_sentence(state: PredictionState) -> str:
    """Return what the view says: an invitation, the guess, or guess and result with the reason.

    A result without a guess is not told: the learner may still want to guess.
    """
    if state.is_answered:
        return answer_sentence(state)
    if state.guess is not None:
        guess = format_value(state.guess, state.unit)
        return f"You say {guess}. Run on to see; until then you can change it."
    if state.result is not None:
        return "Say what you expect, and the result appears here."
    return "Say what you expect; a wrong guess costs nothing."


def answer_sentence(state: PredictionState) -> str:
    """Return a sentence with the result, beside the guess if there is one, and the reason."""
    guess, result = (format_value(value, state.unit) for value in (state.guess, state.result))
    if state.guess is None:
        sentence = f"It is {result}."
    elif guess == result:
        sentence = f"You said {guess}, and so it is."
    elif state.guess in _nearest_options(state):
        sentence = f"You said {guess}, the nearest of these: it is {result}."
    else:
        sentence = f"You said {guess}; it is {result}."
    return f"{sentence} {state.explanation}".strip()


def format_value(value: Any, unit: str = "") -> str:
    """Format a guess or result with its unit; numbers get three digits or thousands separators."""
    if isinstance(value, float):
        value = f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    elif isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:,}"
    return f"{value} {unit}".strip()


def _is_same(option: Any, result: Any) -> bool:
    return option == result or format_value(option) == format_value(result)


def _nearest_options(state: PredictionState) -> list[Any]:
    """Return the options nearest to the result; none for texts, or if one equals the result."""
    numbers = [option for option in state.options if _is_number(option)]
    if not numbers or not _is_number(state.result):
        return []
    if any(_is_same(option, state.result) for option in state.options):
        return []
    distances = [abs(option - state.result) for option in numbers]
    return [
        option
        for option, distance in zip(numbers, distances, strict=True)
        if distance == min(distances)
    ]


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)
