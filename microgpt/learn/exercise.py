"""What an exercise is made of: `Exercise`, `Property`, `CommonMistake`, `Example`, `Mismatch`."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from microgpt.errors import SettingError
from microgpt.learn.equality import format_value
from microgpt.learn.parsers import array

SHAPES = {
    "inputs": "lambda rng: [(0.5,), (1.0,)]",
    "test": "lambda answer, x: answer(x) > 0",
}


@dataclass(frozen=True)
class Mismatch:
    """What a property's test returns when it does not hold: what came, what was expected.

    `cause` is for a test that can tell why; it wins over the property's own sentence.
    """

    got: Any
    expected: Any
    cause: str = ""


def once(rng: np.random.Generator) -> Iterator[tuple]:
    """One case without arguments: for tests that make their own, or answers that are objects."""
    yield ()


@dataclass(frozen=True)
class Property:
    """Something that must hold for a right answer, said in one sentence.

    `inputs(rng)` yields argument tuples from small to large, so that the first failure is the
    smallest. `test(answer, *arguments)` returns None or a `Mismatch`, or True or False where there is
    no value to show; without one the answer must equal the solution's. `answer` may be called as
    often as the test likes. `cause` is what usually went wrong, for an answer that is like none of
    the named wrong ones.
    """

    sentence: str
    inputs: Callable[[np.random.Generator], Iterable[tuple]] = once
    test: Callable[..., Mismatch | bool | None] | None = None
    cause: str = ""

    def __post_init__(self) -> None:
        for name in ("inputs", "test"):
            value = getattr(self, name)
            if not callable(value) and (name, value) != ("test", None):
                raise SettingError(
                    f"a property's {name} must be a function, such as {SHAPES[name]}; got "
                    f"{type(value).__name__}"
                )


@dataclass(frozen=True)
class CommonMistake:
    """A wrong answer that people really give, and the sentence that helps them.

    For an exercise whose answer is no function, `function()` makes the wrong object. `endless`
    marks an answer that would not come back: it is recognised by its silence, and never run.
    """

    name: str
    function: Callable[..., Any]
    cause: str
    endless: bool = False


@dataclass(frozen=True)
class Example:
    """The worked example of a statement: these arguments give this result."""

    arguments: tuple
    result: Any


@dataclass(frozen=True)
class Exercise:
    """One exercise: its text, its hints, and what tells a right answer from a wrong one.

    `id` is "06.attention_head": never reused, never changed in meaning. `signature` begins with
    the name of the answer; `shapes` says what goes in and comes out. `solution` and the `right`
    ones (other roads to it) are functions, or, where `is_function` is False, functions without
    arguments that make the answer. `reads` turns what an answer returns into what is compared.
    `settle(answer)` waits for an answer that is still at work; `effect(answer)` says what a right
    one brought about; `corpus` is the only one that the exercise can be set on.
    """

    id: str
    signature: str
    shapes: str
    statement: str
    difficulty: int
    importance: int
    minutes: int
    needs: tuple[str, ...]
    hints: tuple[str, str, str]
    solution: Callable[..., Any]
    properties: tuple[Property, ...]
    wrong: tuple[CommonMistake, ...]
    right: tuple[Callable[..., Any], ...] = ()
    example: Example | None = None
    tolerance: float = 1e-5
    reads: Callable[[Any], Any] = array
    is_function: bool = True
    settle: Callable[[Any], None] | None = None
    effect: Callable[[Any], str] | None = None
    corpus: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", self.id):
            raise SettingError(
                f"an exercise's id looks like '06.attention_head': small letters, digits, one "
                f"dot; got {self.id!r}"
            )
        self._refuse_other_kinds()
        if not re.match(r"[A-Za-z_]\w*", self.signature):
            raise SettingError(
                f"the signature of {self.id} must begin with the answer's name; "
                f"got {self.signature!r}"
            )
        try:
            _ = self.parameters
        except SyntaxError:
            raise SettingError(
                f"the signature of {self.id} must read like f(x, y) -> z; got {self.signature!r}"
            ) from None
        if len(self.hints) != 3:
            raise SettingError(f"{self.id} needs 3 hints; got {len(self.hints)}")
        if not self.properties:
            raise SettingError(f"{self.id} needs at least 1 property; got none")
        if self.is_function and self.example is None:
            raise SettingError(f"{self.id} needs a worked example, which is its first test")

    def _refuse_other_kinds(self) -> None:
        """What Python would take here, to fail before a learner: a text for a tuple of texts."""
        for name in ("signature", "shapes", "statement"):
            if not isinstance(getattr(self, name), str):
                self._refuse(name, "a text")
        for name, kind in (
            *(("needs", str), ("hints", str)),
            *(("properties", Property), ("wrong", CommonMistake), ("right", object)),
        ):
            parts = getattr(self, name)
            if not isinstance(parts, tuple | list) or not all(isinstance(p, kind) for p in parts):
                what = {str: "texts", object: "functions"}.get(kind, f"{kind.__name__} objects")
                self._refuse(name, f"a tuple of {what}, with a comma after a single one")
        for name, most in (("difficulty", 5), ("importance", 5), ("minutes", 600)):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                self._refuse(name, f"a whole number from 1 to {most}")
        if not callable(self.solution):
            self._refuse("solution", "a function")

    def _refuse(self, name: str, wanted: str) -> NoReturn:
        raise SettingError(
            f"{name} of {self.id} must be {wanted}; got {format_value(getattr(self, name))}"
        )

    @property
    def answer(self) -> str:
        """The name that the learner's answer goes by."""
        return re.match(r"\w+", self.signature)[0]  # type: ignore[index]

    @property
    def parameters(self) -> list[str]:
        """The names of the arguments, as the signature gives them."""
        head = self.signature.partition("->")[0]
        if "(" not in head:
            return []
        function = ast.parse(f"def {head}: ...").body[0]
        assert isinstance(function, ast.FunctionDef)
        given = function.args
        return [part.arg for part in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
