"""`Result`: the outcome of a check, as a value, a line, a card and a dictionary."""

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
    """An answer that is not correct, as an exception for pytest, nbgrader and otter."""


@dataclass(frozen=True, eq=False)
class Result:
    """The outcome of a check: `state` is "correct", "not yet" or "not attempted".

    For "not yet": the `property` that failed, in one sentence; the smallest failing `input`, as a
    dictionary by parameter; what the answer `got` and what was `expected`; the usual `cause`.
    For "correct": a `success_message`, where the exercise has one. `version` is the package's;
    `seconds` is how long the check took: no state depends on it.
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
        """Every field, as JSON can hold it: arrays are lists, NaN and infinity strings."""
        return {field.name: to_jsonable(getattr(self, field.name)) for field in fields(self)}

    def raise_if_wrong(self) -> None:
        """Raise `WrongAnswer` unless the state is "correct"."""
        if not self:
            raise WrongAnswer(f"{self.exercise}: {self.state}. {self.message}")

    @builtins.property
    def message(self) -> str:
        """The outcome in one line: the failed property and the cause, or what to do."""
        if self.state != NOT_YET:
            return self.success_message or message_section("states")[self.state]["message"]
        label = message_section("labels")["property"].capitalize()
        failed = f"{label}: {self.property}" if self.property else ""
        return " ".join(part for part in (failed, self.cause) if part)

    def lines(self) -> list[tuple[str, str]]:
        """The card's lines as (label, text); the first is the outcome."""
        labels = message_section("labels")
        if self.state != NOT_YET:
            return [("", self.message)]
        rows = [(labels["property"], self.property)]  # without a label it would read as if it held
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
        """The state as a symbol and a label, and the exercise's id."""
        state = message_section("states")[self.state]
        return f"{state['symbol']} {state['label']} · {self.exercise}"

    def __repr__(self) -> str:
        rows = [f"{label}: {text}" if label else text for label, text in self.lines()]
        return "\n  ".join([self.title, *rows])

    def _repr_html_(self) -> str:
        return result_card(self.state, self.title, self.lines())
