"""`Result`: what a check found, as a value, a line, a card and a dictionary."""

import builtins
from dataclasses import dataclass, fields
from typing import Any

from microgpt.errors import MicrogptError
from microgpt.learn.equality import to_jsonable, format_value
from microgpt.learn.html import result_card
from microgpt.learn.messages import message_section

CORRECT, NOT_YET, NOT_ATTEMPTED = "correct", "not yet", "not attempted"


class NotAttempted(MicrogptError):
    """Something that is still to be written was used."""


class WrongAnswer(MicrogptError, AssertionError):
    """An answer that is not correct, for those who want an error: pytest, nbgrader, otter."""


@dataclass(frozen=True, eq=False)
class Result:
    """What a check found: `state` is "correct", "not yet" or "not attempted".

    For "not yet": the `property` that failed, in one sentence; the smallest `input` that shows it,
    as a dictionary by argument; what it `got` and what was `expected`; the usual `cause`.
    For "correct": its `effect`, where the exercise can tell. `version` is the package's, `seconds`
    how long the check took: no verdict depends on it.
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
    effect: str = ""

    def __bool__(self) -> bool:
        return self.state == CORRECT

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it: arrays are lists, NaN and infinity are words."""
        return {field.name: to_jsonable(getattr(self, field.name)) for field in fields(self)}

    def raise_if_wrong(self) -> None:
        """Raise `WrongAnswer` unless the state is "correct"."""
        if not self:
            raise WrongAnswer(f"{self.exercise}: {self.state}. {self.message}")

    @builtins.property
    def message(self) -> str:
        """The finding in one line: the property and the cause, or what to do."""
        if self.state != NOT_YET:
            return self.effect or message_section("states")[self.state]["message"]
        label = message_section("labels")["property"].capitalize()
        failed = f"{label}: {self.property}" if self.property else ""
        return " ".join(part for part in (failed, self.cause) if part)

    def lines(self) -> list[tuple[str, str]]:
        """What there is to say, as labelled lines; the first is the finding."""
        labels = message_section("labels")
        if self.state != NOT_YET:
            return [("", self.message)]
        found = [(labels["property"], self.property)]  # it alone would read as if it held
        if self.input:
            given = (f"{name} = {format_value(value)}" for name, value in self.input.items())
            found.append((labels["input"], ", ".join(given)))
        values = {"got": self.got, "expected": self.expected}
        found += [(labels[name], format_value(v)) for name, v in values.items() if v is not None]
        if self.cause:
            found.append((labels["cause"], self.cause))
        return found

    @builtins.property
    def head(self) -> str:
        """The state as a symbol and a word, and which exercise it is about."""
        state = message_section("states")[self.state]
        return f"{state['symbol']} {state['word']} · {self.exercise}"

    def __repr__(self) -> str:
        rows = [f"{label}: {text}" if label else text for label, text in self.lines()]
        return "\n  ".join([self.head, *rows])

    def _repr_html_(self) -> str:
        return result_card(self.state, self.head, self.lines())
