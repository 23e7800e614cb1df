"""`Prediction`: a guess before the cell that answers it; what you said stays beside what came."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import ipywidgets

from microgpt.errors import SettingError
from microgpt.viz.drawing import Drawing, Text
from microgpt.widgets.panel import Panel

WIDTH, LINE, CHARACTERS = 720, 20, 92


@dataclass(frozen=True)
class Guess:
    """A question, what may be said to it, what was said, and what came out (None: not yet)."""

    question: str
    options: tuple[Any, ...] = ()
    unit: str = ""
    said: Any = None
    result: Any = None
    why: str = ""


class Prediction(Panel):
    """A question with two to four `options`, or a number in some `unit`, to be guessed first."""

    def __init__(self, question: str, options: Sequence[Any] = (), unit: str = ""):
        listed = isinstance(options, tuple | list)
        if not listed or len(options) == 1 or bool(options) == bool(unit):
            raise SettingError("a prediction takes two or more options in a tuple, or else a unit")
        self.answer: Any
        if options:
            choices = [(_shown(option, ""), option) for option in options]
            self.answer = ipywidgets.RadioButtons(
                options=choices, value=None, layout={"width": "max-content"}
            )
        else:
            self.answer = ipywidgets.BoundedFloatText(
                value=None, min=-1e12, max=1e12, description=unit, layout={"width": "220px"}
            )
        self.answer.observe(lambda change: self._say(change["new"]), "value")
        lines = len(textwrap.wrap(question, CHARACTERS))
        super().__init__(
            Guess(question, tuple(options), unit), draw_guess,
            folded=[self.answer], height=LINE * lines + 44,
        )  # fmt: skip

    def _say(self, said: Any) -> None:
        self.change(replace, said=said)
        self.keep()

    def reveal(self, result: Any, why: str = "") -> None:
        """Say what came out: `result`, from the arrays, and one sentence on why."""
        self.change(replace, result=result, why=why)
        self.keep()


def draw_guess(guess: Guess, note: str = "") -> tuple[Drawing, str]:
    """The question, and where the guess stands."""
    lines = textwrap.wrap(guess.question, CHARACTERS)
    said = note or guess_said(guess)
    drawing = Drawing(WIDTH, LINE * len(lines) + 2, f"{guess.question} {said}")
    for place, line in enumerate(lines):
        drawing.add(Text(0, 15 + LINE * place, line, strong=True))
    return drawing, said


def guess_said(guess: Guess) -> str:
    """Your guess, the result, and why, as far as they are there."""
    mine, came = _shown(guess.said, guess.unit), _shown(guess.result, guess.unit)
    if guess.result is None:
        if guess.said is not None:
            return f"You say {mine}. Run on to see."
        if guess.options:
            *most, last = [_shown(option, "") for option in guess.options]
            return f"Your guess: {', '.join(most)} or {last}? Nothing depends on it."
        return f"Your guess, in {guess.unit}? Nothing depends on it."
    if guess.said is None:
        said = f"It is {came}."
    elif guess.said == guess.result:
        said = f"You said {mine}, and it is {came}."
    elif guess.said == _nearest(guess):
        said = f"You said {mine}, the nearest of these: it is {came}."
    else:
        said = f"You said {mine}; it is {came}."
    return f"{said} {guess.why}".strip()


def _nearest(guess: Guess) -> Any:
    """The option nearest to the result, where both are numbers."""
    numbers = [option for option in guess.options if isinstance(option, int | float)]
    if not numbers or not isinstance(guess.result, int | float) or guess.result in numbers:
        return None
    return min(numbers, key=lambda option: abs(option - guess.result))


def _shown(value: Any, unit: str) -> str:
    if isinstance(value, float):
        value = f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    elif isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:,}"
    return f"{value} {unit}".strip()
