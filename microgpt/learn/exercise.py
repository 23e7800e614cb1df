"""`Exercise` and its parts: `Property`, `Mismatch`, `CommonMistake`, `Example`."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from microgpt.errors import SettingError
from microgpt.learn import time_limit
from microgpt.learn.equality import values_equal
from microgpt.learn.formatting import format_value
from microgpt.learn.parsers import array

USAGE = {
    "inputs": "lambda rng: [(0.5,), (1.0,)]",
    "test": "lambda answer, x: answer(x) > 0",
}
RANGES = {"difficulty": (1, 5), "importance": (1, 5), "minutes": (1, 600)}


@dataclass(frozen=True)
class Mismatch:
    """The return value of a property's test if the property does not hold.

    A test that knows why sets `cause`, which takes precedence over the property's `cause`. Where
    `got` is not the answer's result for the property's input, `quantity` says what both are, such
    as "sum of each row". `reason` is a key of `causes` in messages.toml, which has the cause if no
    other is known.
    """

    got: Any
    expected: Any
    cause: str = ""
    quantity: str = ""
    reason: str = "mismatch"


def no_arguments(rng: np.random.Generator) -> Iterator[tuple]:
    """Yield one case without arguments, for tests with inputs of their own or non-functions."""
    yield ()


@dataclass(frozen=True)
class Property:
    """A property that holds for every correct answer, described in one sentence.

    `inputs(rng)` yields argument tuples from small to large, so that the first failure has the
    smallest input. `test(answer, *arguments)` returns None if the property holds, else a
    `Mismatch`, or a bool if there is no value to show. Without a test, the answer's result must
    equal the solution's. `cause` describes the usual mistake; it is shown if the answer matches
    none of the exercise's common mistakes. With a test, it does not explain an exception.
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
    """A wrong answer that learners often give, with the explanation shown for it, `cause`.

    An answer is recognised by failing where `function` does, with the same results. A mistake that
    takes many forms has `matches(result, *arguments)`, which returns whether a wrong result may
    come from it; `result` is None if the answer raised an exception. If the exercise's answer is
    not a function, `function()` returns the wrong object. With `times_out`, the mistake never
    returns: its cause is shown for every timeout that `matches`, with the result None, does not
    exclude, and a wrong answer is never compared with it.
    """

    name: str
    function: Callable[..., Any]
    cause: str
    times_out: bool = False
    matches: Callable[..., bool] | None = None


@dataclass(frozen=True)
class Example:
    """The worked example of a statement: arguments and their result."""

    arguments: tuple
    result: Any


@dataclass(frozen=True)
class Exercise:
    """An exercise: its statement, hints, solutions, tested properties and common mistakes.

    `id` ("06.attention_head") is never reused. `signature` begins with the answer's name; `shapes`
    describes the shapes of inputs and output. `solution` and `alternative_solutions` are functions;
    if `is_function` is False, they take no arguments and return the answer. `parse` converts an
    answer's result to the type that is compared. `wait_for_answer(answer)` blocks while the answer
    is still being computed, such as a training run. `success_message(answer)` describes the result
    of a correct answer. `corpus` names the only corpus that an assignment with this exercise may
    use (None: any). `cell_errors` maps parts of the errors in which an answer's cell may end, such
    as "unexpected keyword argument", to their usual causes.
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
    cell_errors: Mapping[str, str] = field(default_factory=dict)

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
        """Raise on wrong types, which would otherwise fail later, such as a string for a tuple."""
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
        """The name of the learner's answer, from the signature."""
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

    @property
    def is_kernel(self) -> bool:
        """Whether the answer is a kernel."""
        return False

    @property
    def time_limits(self) -> tuple[float, float]:
        """The seconds of CPU time, and in all, after which a check stops the answer."""
        return time_limit.CPU_LIMIT, time_limit.WALL_LIMIT

    @property
    def case_names(self) -> list[str]:
        """The names of a case's arguments."""
        return self.parameter_names

    def prepare(self, answer: Any) -> Any:
        """Return the answer as the cases of one check call it."""
        return answer

    def call(self, answer: Any, *arguments: Any) -> Any:
        """Call an answer with the arguments of a case."""
        return answer(*arguments)

    def expected(self, *arguments: Any) -> Any:
        """Return the result of the solution."""
        return self.parse(self.solution(*arguments))

    def compare(self, got: Any, expected: Any) -> Mismatch | None:
        """Return None if a result equals the expected one within the tolerance."""
        return None if values_equal(got, expected, self.tolerance) else Mismatch(got, expected)

    def example_text(self) -> str:
        """Return the call of the example, and its result, as Markdown."""
        assert self.example is not None
        arguments = ", ".join(map(format_value, self.example.arguments))
        return f"`{self.answer_name}({arguments})` → `{format_value(self.example.result)}`"
