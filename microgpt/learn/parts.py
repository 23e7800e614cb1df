"""What an exercise is made of: `Exercise`, `Property`, `Wrong`, `Example`, `Miss`."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.errors import SettingError
from microgpt.learn.readers import array


@dataclass(frozen=True)
class Miss:
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
    smallest. `test(answer, *arguments)` returns None or a `Miss`; without one the answer must
    equal the solution's. `answer` may be called as often as the test likes. `cause` is what
    usually went wrong, for an answer that is like none of the named wrong ones.
    """

    sentence: str
    inputs: Callable[[np.random.Generator], Iterable[tuple]] = once
    test: Callable[..., Miss | None] | None = None
    cause: str = ""


@dataclass(frozen=True)
class Wrong:
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
    wrong: tuple[Wrong, ...]
    right: tuple[Callable[..., Any], ...] = ()
    example: Example | None = None
    tolerance: float = 1e-5
    reads: Callable[[Any], Any] = array
    is_function: bool = True
    settle: Callable[[Any], None] | None = None
    effect: Callable[[Any], str] | None = None
    corpus: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", self.id):
            raise SettingError(
                f"an exercise's id looks like '06.attention_head': small letters, digits, one "
                f"dot; got {self.id!r}"
            )
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
        for name, least in (("hints", 3), ("properties", 1)):
            if len(getattr(self, name)) < least:
                raise SettingError(
                    f"{self.id} needs {least} {name}; got {len(getattr(self, name))}"
                )
        if self.is_function and self.example is None:
            raise SettingError(f"{self.id} needs a worked example, which is its first test")

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
