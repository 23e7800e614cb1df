"""`predict` asks for a guess before an experiment, `reveal` compares it with the result after."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from microgpt.errors import SettingError

if TYPE_CHECKING:
    from microgpt.widgets.prediction import Prediction

_predictions: dict[str, "Prediction"] = {}


class Revealed(str):
    """A sentence that is displayed without quotes, in a notebook as a paragraph."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f'<p style="margin:0"><strong>Prediction.</strong> {escape(self)}</p>'


def predict(id: str, question: str, options: Sequence[Any] = (), unit: str = "") -> "Prediction":
    """Ask for a guess before the answer is shown: one of `options`, or a number in `unit`.

    It does not block: the next cells run without a guess. `reveal(id, …)` in a later cell shows the
    result beside the guess.
    """
    from microgpt.widgets.prediction import Prediction

    _predictions[id] = Prediction(question, options, unit)
    return _predictions[id]


def reveal(id: str, result: Any, why: str = "") -> Revealed:
    """Return one sentence with your guess, the measured result, and why it is so."""
    from microgpt.viz.prediction import prediction_sentence

    if id not in _predictions:
        raise SettingError("id", "that of a prediction", id, choices=_predictions)
    if hasattr(result, "item"):
        result = result.item()
    _predictions[id].reveal(result, why)
    return Revealed(prediction_sentence(_predictions[id].state))
