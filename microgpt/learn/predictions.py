"""`predict` asks for a guess before an experiment, `reveal` compares it with the result after."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from microgpt.errors import SettingError
from microgpt.learn.html import with_style
from microgpt.learn.messages import message_section

if TYPE_CHECKING:
    from microgpt.viz.prediction import PredictionState
    from microgpt.widgets.prediction import Prediction

_predictions: dict[str, "Prediction"] = {}


class Revealed(str):
    """A sentence that is displayed without quotes, in a notebook as a card with the question."""

    state: "PredictionState"

    def __new__(cls, state: "PredictionState") -> "Revealed":
        from microgpt.viz.prediction import answer_sentence

        revealed = super().__new__(cls, answer_sentence(state))
        revealed.state = state
        return revealed

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from microgpt.viz.prediction import reveal_html

        return with_style(reveal_html(self.state), "prediction")


def predict(id: str, question: str, options: Sequence[Any] = (), unit: str = "") -> "Prediction":
    """Ask for a guess before the answer is shown: one of `options`, or a number in `unit`.

    It does not block: the next cells run without a guess. `reveal(id, …)` in a later cell shows the
    result beside the guess. Asking the same question under the same id again keeps the guess, and
    the result if it is known; another question starts anew.
    """
    from microgpt.widgets.prediction import Prediction

    earlier = _predictions[id].state if id in _predictions else None
    _predictions[id] = Prediction(question, options, unit, earlier)
    return _predictions[id]


def reveal(id: str, result: Any, why: str = "", **values: Any) -> Revealed:
    """Return one sentence with your guess, the measured result, and why it is so.

    `why` is by default the sentence that `messages.toml` has for the id; `values` fill its
    placeholders. Raises SettingError for an unknown id, and for a placeholder without a value.
    """
    if id not in _predictions:
        raise SettingError("id", "that of a prediction", id, choices=_predictions)
    if hasattr(result, "item"):
        result = result.item()
    is_rule = message_section("predictions").get(id, {}).get("is_rule", False)
    _predictions[id].reveal(result, why or _explanation(id, values), is_rule)
    return Revealed(_predictions[id].state)


def _explanation(id: str, values: dict[str, Any]) -> str:
    """Return the explaining sentence of a prediction of the course, "" for any other."""
    sentence = message_section("predictions").get(id, {}).get("why", "")
    try:
        return sentence.format(**values)
    except KeyError as error:
        raise SettingError(
            f"the value {error}", f"given to reveal as a keyword, for the sentence of {id!r}"
        ) from None
