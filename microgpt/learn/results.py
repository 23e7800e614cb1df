"""`Result`: the outcome of a check, shown as text or a card, and convertible to JSON."""

import builtins
from dataclasses import dataclass, fields
from typing import Any

from microgpt.errors import MicrogptError
from microgpt.learn.formatting import format_value, to_jsonable
from microgpt.learn.html import result_card
from microgpt.learn.messages import message_section

CORRECT, NOT_YET, NOT_ATTEMPTED = "correct", "not yet", "not attempted"


class NotAttempted(MicrogptError):
    """The stub of an answer was called."""


class WrongAnswer(MicrogptError, AssertionError):
    """Raised for an answer that is not correct, for pytest, nbgrader and otter."""


@dataclass(frozen=True, eq=False)
class Result:
    """The outcome of a check: `state` is "correct", "not yet" or "not attempted".

    For "not yet": the `property` that failed, in one sentence; the smallest failing `input`, by
    parameter name; the answer's result `got` and the `expected` one; the usual `cause`. For
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

    def lines(self) -> list[tuple[str, str]]:
        """Return the card's lines as (label, text); the first is the outcome."""
        labels = message_section("labels")
        if self.state != NOT_YET:
            return [("", self.message)]
        rows = [(labels["property"], self.property)]  # unlabelled, it would read as if it held
        if self.input:
            arguments = (f"{name} = {format_value(value)}" for name, value in self.input.items())
            rows.append((labels["input"], ", ".join(arguments)))
        for name, value in (("got", self.got), ("expected", self.expected)):
            if value is not None:
                rows.append((labels[name], format_value(value)))
        if self.cause:
            rows.append((labels["cause"], self.cause))
        return rows

    @builtins.property
    def title(self) -> str:
        """The state's symbol and label, and the exercise's id."""
        state = message_section("states")[self.state]
        return f"{state['symbol']} {state['label']} · {self.exercise}"

    def __repr__(self) -> str:
        rows = [f"{label}: {text}" if label else text for label, text in self.lines()]
        return "\n  ".join([self.title, *rows])

    def _repr_html_(self) -> str:
        return result_card(self.state, self.title, self.lines())
