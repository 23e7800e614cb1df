"""What an exercise is made of: `Exercise`, `Property`, `Mismatch`, `CommonMistake`, `Example`."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.errors import SettingError
from microgpt.learn.parsers import array

USAGE = {
    "inputs": "lambda rng: [(0.5,), (1.0,)]",
    "test": "lambda answer, x: answer(x) > 0",
}
RANGES = {"difficulty": (1, 5), "importance": (1, 5), "minutes": (1, 600)}


@dataclass(frozen=True)
class Mismatch:
    """What a property's test returns when the property does not hold.

    `cause` is for a test that knows why; it takes precedence over the property's `cause`.
    """

    got: Any
    expected: Any
    cause: str = ""


def no_arguments(rng: np.random.Generator) -> Iterator[tuple]:
    """One case without arguments: for tests that make their own, or answers that are objects."""
    yield ()


@dataclass(frozen=True)
class Property:
    """Something that must hold for a correct answer, described in one sentence.

    `inputs(rng)` yields argument tuples from small to large, so that the first failure is on the
    smallest. `test(answer, *arguments)` returns None or a `Mismatch`, or a bool where there is no
    value to show; without a test the answer must equal the solution. `cause` is the usual mistake,
    shown when an answer fails like none of the exercise's common mistakes.
    """

    description: str
    inputs: Callable[[np.random.Generator], Iterable[tuple]] = no_arguments
    test: Callable[..., Mismatch | bool | None] | None = None
    cause: str = ""

    def __post_init__(self) -> None:
        for name, usage in USAGE.items():
            value = getattr(self, name)
            if not callable(value) and (name, value) != ("test", None):
                raise SettingError(
                    f"{name} of a property", f"a function, such as {usage}", type(value)
                )


@dataclass(frozen=True)
class CommonMistake:
    """A wrong answer that learners really give, and the explanation that helps them.

    For an exercise whose answer is not a function, `function()` makes the wrong object. With
    `times_out` the answer never returns: it stands for every timeout, and is never run.
    """

    name: str
    function: Callable[..., Any]
    cause: str
    times_out: bool = False


@dataclass(frozen=True)
class Example:
    """The worked example of a statement: these arguments give this result."""

    arguments: tuple
    result: Any


@dataclass(frozen=True)
class Exercise:
    """An exercise: its statement, hints and solutions, and what tells right answers from wrong.

    `id` ("06.attention_head") is never reused. `signature` begins with the answer's name; `shapes`
    gives those of inputs and output. `solution` and `alternative_solutions` are functions; where
    `is_function` is False they take no arguments and make the answer. `parse` converts what an
    answer returns into what is compared. `wait_for_answer(answer)` blocks while an answer is still
    being computed, as a training; `success_message(answer)` tells what a correct one achieved.
    `corpus` is the only one that the exercise can be assigned with.
    """

    id: str
    signature: str
    shapes: str
    statement: str
    difficulty: int
    importance: int
    minutes: int
    prerequisites: tuple[str, ...]
    hints: tuple[str, str, str]
    solution: Callable[..., Any]
    properties: tuple[Property, ...]
    common_mistakes: tuple[CommonMistake, ...]
    alternative_solutions: tuple[Callable[..., Any], ...] = ()
    example: Example | None = None
    tolerance: float = 1e-5
    parse: Callable[[Any], Any] = array
    is_function: bool = True
    wait_for_answer: Callable[[Any], None] | None = None
    success_message: Callable[[Any], str] | None = None
    corpus: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", self.id):
            raise SettingError(
                "id", "like '06.attention_head': lowercase letters, digits, one dot", self.id
            )
        self._check_types()
        if not re.match(r"[A-Za-z_]\w*", self.signature):
            raise self._error("signature", "a string that begins with the answer's name")
        try:
            _ = self.parameter_names
        except SyntaxError:
            raise self._error("signature", "like f(x, y) -> z") from None
        if len(self.hints) != 3:
            raise self._error("hints", "3 strings")
        if not self.properties:
            raise self._error("properties", "at least 1 Property")
        if self.is_function and self.example is None:
            raise self._error("example", "an Example, which is the first test")

    def _check_types(self) -> None:
        """Raise for what would fail only before a learner, such as a string for a tuple of them."""
        for name in ("signature", "shapes", "statement"):
            if not isinstance(getattr(self, name), str):
                raise self._error(name, "a string")
        for name, items, is_item in (
            ("prerequisites", "strings", lambda item: isinstance(item, str)),
            ("hints", "strings", lambda item: isinstance(item, str)),
            ("properties", "Property objects", lambda item: isinstance(item, Property)),
            ("common_mistakes", "CommonMistakes", lambda item: isinstance(item, CommonMistake)),
            ("alternative_solutions", "functions", callable),
        ):
            value = getattr(self, name)
            if not isinstance(value, tuple | list) or not all(map(is_item, value)):
                raise self._error(name, f"a tuple of {items}, with a comma after a single one")
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise self._error(name, f"an integer from {low} to {high}")
        if not callable(self.solution):
            raise self._error("solution", "a function")

    def _error(self, field: str, expected: str) -> SettingError:
        return SettingError(f"{field} of {self.id}", expected, getattr(self, field))

    @property
    def answer_name(self) -> str:
        """The name under which the learner defines the answer."""
        return re.match(r"\w+", self.signature)[0]  # type: ignore[index]

    @property
    def parameter_names(self) -> list[str]:
        """The names of the answer's parameters, from the signature."""
        head = self.signature.partition("->")[0]
        if "(" not in head:
            return []
        function = ast.parse(f"def {head}: ...").body[0]
        assert isinstance(function, ast.FunctionDef)
        args = function.args
        return [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
