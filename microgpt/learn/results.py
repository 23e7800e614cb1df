"""`Result`: the outcome of a check, shown as text or a card, and convertible to JSON."""

import builtins
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from microgpt.errors import MicrogptError
from microgpt.learn.formatting import format_pair, format_value, to_jsonable
from microgpt.learn.html import Card, Row, card_html
from microgpt.learn.messages import format_message, message_section

CORRECT, NOT_YET, NOT_ATTEMPTED = "correct", "not yet", "not attempted"


def _named(name: str, value: Any) -> str:
    """Return a name and its value; of a table whose middle is left out the shape, too."""
    text = format_value(value)
    if isinstance(value, np.ndarray) and value.ndim > 1 and "..." in text:
        name += f" ({' × '.join(map(str, value.shape))})"
    return f"{name} = {text}"


class NotAttempted(MicrogptError):
    """The stub of an answer was called."""


class WrongAnswer(MicrogptError, AssertionError):
    """Raised for an answer that is not correct, for pytest, nbgrader and otter."""


@dataclass(frozen=True, eq=False)
class Result:
    """The outcome of a check: `state` is "correct", "not yet" or "not attempted".

    For "not yet": the `property` that failed, in one sentence; the smallest failing `input`, by
    parameter name; the answer's result `got` and the `expected` one, or another `quantity` of both,
    such as "sum of each row"; the usual `cause`. For
    "correct": the exercise's `success_message`, if it has one. `version` is the package's.
    `seconds` is the duration of the check; the state does not depend on it.
    """

    state: str
    property: str = ""
    input: dict[str, Any] | None = None
    got: Any = None
    expected: Any = None
    cause: str = ""
    exercise: str = ""
    version: str = ""
    seed: int = 0
    seconds: float = 0.0
    success_message: str = ""
    quantity: str = ""

    def __bool__(self) -> bool:
        return self.state == CORRECT

    def to_dict(self) -> dict[str, Any]:
        """Return every field as JSON types: arrays become lists, NaN and infinity strings."""
        return {field.name: to_jsonable(getattr(self, field.name)) for field in fields(self)}

    def raise_if_wrong(self) -> None:
        """Raise `WrongAnswer` unless the state is "correct"."""
        if not self:
            raise WrongAnswer(f"{self.exercise}: {self.state}. {self.message}")

    @builtins.property
    def message(self) -> str:
        """The outcome on one line: the failed property and its cause, or the state's message."""
        if self.state != NOT_YET:
            return self.success_message or message_section("states")[self.state]["message"]
        label = message_section("labels")["property"].capitalize()
        failed = f"{label}: {self.property}" if self.property else ""
        return " ".join(part for part in (failed, self.cause) if part)

    def rows(self) -> tuple[Row, ...]:
        """Return the failing input, and what was got and expected, as labelled texts."""
        labels, rows = message_section("labels"), []
        if self.input:
            arguments = (_named(name, value) for name, value in self.input.items())
            rows.append(Row(labels["input"], ", ".join(arguments)))
        got, expected = format_pair(self.got, self.expected)
        if self.got is not None:
            tone = "wrong" if self.expected is not None else ""
            rows.append(Row(labels["got"], got, tone, expected, self._note(self.got)))
        if self.expected is not None:
            tone = "wanted" if self.got is not None else ""
            note = self._note(self.expected)
            rows.append(Row(labels["expected"], expected, tone, got, note))
        return tuple(rows)

    def _note(self, value: Any) -> str:
        """Return what a value is, if it is no result, or the sum of probabilities.

        These are expected where the expected value sums to 1.
        """
        if self.quantity:
            return f"({self.quantity})"
        both = (self.got, self.expected)
        if not all(isinstance(one, np.ndarray) and one.ndim == 1 for one in both):
            return ""
        is_number = all(np.issubdtype(one.dtype, np.floating) for one in both)
        if not is_number or len(self.expected) < 2 or abs(self.expected.sum() - 1) > 1e-3:
            return ""
        return f"{message_section('labels')['sum']} {value.sum():.3f}"

    @builtins.property
    def footer(self) -> str:
        """The command that helps on from here, in backquotes; "" without an exercise's id."""
        key = "solution" if self.state == CORRECT else "hint"
        return format_message("cards", key, id=self.exercise) if self.exercise else ""

    def __repr__(self) -> str:
        state, labels = message_section("states")[self.state], message_section("labels")
        lines = [f"{state['symbol']} {state['label']} · {self.exercise}"]
        if self.state != NOT_YET:
            lines.append(self.message)
        else:
            lines.append(f"{labels['property']}: {self.property}")
            lines += [f"{row.label}: {row.text} {row.note}".rstrip() for row in self.rows()]
            lines += [f"{labels['cause']}: {self.cause}"] * bool(self.cause)
        return "\n  ".join([*lines, *[self.footer.replace("`", "")] * bool(self.footer)])

    def _repr_html_(self) -> str:
        state, labels = message_section("states")[self.state], message_section("labels")
        card = Card(self.state, state["symbol"], state["label"], self.exercise, footer=self.footer)
        if self.state != NOT_YET:
            return card_html(card._replace(sentence=self.message))
        return card_html(
            card._replace(
                label=labels["property"].capitalize() if self.property else "",
                sentence=self.property,
                rows=self.rows(),
                cause=(labels["cause"], self.cause),
            )
        )
