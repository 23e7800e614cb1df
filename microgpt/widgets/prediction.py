"""`Prediction`: ask for a guess before a cell computes the answer, then show both."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ipywidgets

from microgpt.errors import SettingError
from microgpt.viz.prediction import (
    LINE_HEIGHT,
    PredictionState,
    draw_prediction,
    format_value,
    question_lines,
)
from microgpt.widgets.panel import Panel


class Prediction(Panel):
    """A question to answer by a guess: one of two or more `options`, or a number in `unit`."""

    def __init__(self, question: str, options: Sequence[Any] = (), unit: str = ""):
        is_listed = isinstance(options, tuple | list)
        if not is_listed or len(options) == 1 or bool(options) == bool(unit):
            raise SettingError(
                ("options", "unit"),
                "two or more options in a tuple, or else a unit",
                (options, unit),
            )
        self.answer: Any
        if options:
            self.answer = ipywidgets.RadioButtons(
                options=[(format_value(option), option) for option in options],
                value=None,
                layout={"width": "max-content"},
            )
        else:
            self.answer = ipywidgets.BoundedFloatText(
                value=None, min=-1e12, max=1e12, description=unit, layout={"width": "220px"}
            )
        self.answer.observe(lambda change: self._on_answer(change["new"]), "value")
        super().__init__(
            PredictionState(question, tuple(options), unit),
            draw_prediction,
            below=[self.answer],
            height=LINE_HEIGHT * len(question_lines(question)) + 44,
        )

    def _on_answer(self, guess: Any) -> None:
        self.update(replace, guess=guess)
        self.update_static_output()

    def reveal(self, result: Any, explanation: str = "") -> None:
        """Show the result beside the guess, with one sentence that says why."""
        self.update(replace, result=result, explanation=explanation)
        self.update_static_output()
