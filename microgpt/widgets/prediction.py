"""`Prediction`: ask for a guess before a cell computes the answer, then show both."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import ipywidgets

from microgpt.errors import SettingError
from microgpt.viz.drawing import Drawing
from microgpt.viz.prediction import (
    PredictionState,
    draw_prediction,
    format_value,
    pills,
    render_prediction,
    still_sentence,
)
from microgpt.widgets.controls import button
from microgpt.widgets.panel import Panel
from microgpt.widgets.still_output import RUN_CELL

ROLES = ("chosen", "right", "rule", "nearest")


class Prediction(Panel):
    """A question to answer by a guess: one of two or more `options`, or a number in `unit`.

    If `earlier`, the state of another panel, asks the same, its guess and result are kept.
    """

    def __init__(
        self,
        question: str,
        options: Sequence[Any] = (),
        unit: str = "",
        earlier: PredictionState | None = None,
    ):
        is_listed = isinstance(options, tuple | list)
        if not is_listed or len(options) == 1 or bool(options) == bool(unit):
            raise SettingError(
                ("options", "unit"),
                "two or more options in a tuple, or else a unit",
                (options, unit),
            )
        state = PredictionState(question, tuple(options), unit)
        if earlier is not None and earlier.asks_the_same_as(state):
            state = earlier
        self.buttons = [
            button(format_value(option), lambda option=option: self._on_guess(option), look="pill")  # type: ignore[misc]
            for option in options
        ]
        self.number_box = ipywidgets.Text(
            description="Your guess", placeholder="a number", continuous_update=False
        )
        unit_label = ipywidgets.HTML(escape(unit))
        unit_label.add_class("mg-unit")
        answers = ipywidgets.HBox(self.buttons or [self.number_box, unit_label])
        for css_class in ("mg-row", "mg-pills", *([] if options else ["mg-number"])):
            answers.add_class(css_class)
        self.answers = answers
        super().__init__(
            state, render_prediction, draw_prediction, css_class="prediction", controls=[answers],
        )  # fmt: skip
        if self.state.guess is not None and unit:
            self.number_box.value = f"{self.state.guess:,}"
        self.number_box.observe(lambda change: self._on_number(change["new"]), "value")

    def _on_guess(self, guess: Any) -> None:
        self.update(_with_guess, guess)

    def _on_number(self, text: str) -> None:
        self.update(lambda state: _with_guess(state, parse_number(text)))

    def reveal(self, result: Any, explanation: str = "", is_rule: bool = False) -> None:
        """Show the result beside the guess, with one sentence that says why.

        Without a guess the view keeps it back until there is one. A result that `is_rule` is not
        called measured.
        """
        self.update(replace, result=result, explanation=explanation, is_rule=is_rule)

    def sync_controls(self) -> None:
        """Mark the pills of guess and result; once both are known, nothing can be changed."""
        super().sync_controls()
        is_answered = self.state.is_answered
        for widget, pill in zip(self.buttons, pills(self.state, is_answered), strict=False):
            roles = pill.role.split()
            for role in ROLES:
                (widget.add_class if role in roles else widget.remove_class)(f"mg-{role}")
            widget.disabled = is_answered and not roles
        if not self.buttons:
            (self.answers.add_class if is_answered else self.answers.remove_class)("mg-gone")

    def _still(self) -> tuple[Drawing, str]:
        """Return the question and its options alone, whatever is known by now."""
        drawing = draw_prediction(self.state)
        drawing.caption = still_sentence(self.state)
        return drawing, drawing.caption

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(include, exclude)
        return bundle | {"text/plain": f"{still_sentence(self.state)} {RUN_CELL}"}


def _with_guess(state: PredictionState, guess: Any) -> PredictionState:
    return state if state.is_answered else replace(state, guess=guess)


def parse_number(text: str) -> float | None:
    """Return the number in a typed text, `None` if it is blank; raise SettingError for no number.

    Thousands may be separated by commas; otherwise a comma is a decimal point.
    """
    digits = text.strip().replace(" ", "")
    if not digits:
        return None
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", digits):
        digits = digits.replace(",", "")
    if not re.fullmatch(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d{1,2})?", digits, re.IGNORECASE):
        raise SettingError("your guess", "a number, such as 12", text.strip()[:20])
    number = float(digits.replace(",", "."))
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
