"""`predict` before a cell, `reveal` in the cell that answers it."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from microgpt.errors import SettingError

if TYPE_CHECKING:
    from microgpt.widgets.prediction import Prediction

_predictions: dict[str, "Prediction"] = {}


class Revealed(str):
    """A sentence that displays as itself at a prompt, and as a paragraph in a notebook."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f'<p style="margin:0"><strong>Prediction.</strong> {escape(self)}</p>'


def predict(id: str, question: str, options: Sequence[Any] = (), unit: str = "") -> "Prediction":
    """Ask for a guess before the answer is on the page: `options`, or a number in some `unit`.

    Nothing waits for it. `reveal(id, …)` in a later cell puts the result beside it.
    """
    from microgpt.widgets.prediction import Prediction

    _predictions[id] = Prediction(question, options, unit)
    return _predictions[id]


def reveal(id: str, result: Any, why: str = "") -> Revealed:
    """One sentence: your guess, the result (from the arrays, not typed), and why."""
    from microgpt.viz.prediction import prediction_sentence

    if id not in _predictions:
        raise SettingError("id", "that of a prediction", id, choices=_predictions)
    if hasattr(result, "item"):
        result = result.item()
    _predictions[id].reveal(result, why)
    return Revealed(prediction_sentence(_predictions[id].state))
