"""Examining one answer: every property on every input, and the wrong answer it is most like."""

import copy
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.errors import SettingError
from microgpt.learn.equality import snapshot, values_equal, is_unchanged
from microgpt.learn.exercise import Exercise, Mismatch, Property, CommonMistake
from microgpt.learn.messages import format_message
from microgpt.learn.parsers import ParseError
from microgpt.learn.results import NotAttempted
from microgpt.learn.stub import is_stub
from microgpt.learn.time_limit import TimeLimitExceeded

MAX_COMPARED_CASES = 60  # that a failed answer is compared on with the named wrong ones
MIN_AGREEMENT = 0.95  # of the cases on which either fails: else it is another mistake


class InputModified(Exception):
    """An answer changed what it was given."""


class Unwritten(Exception):
    """An answer is still the stub."""


@dataclass(frozen=True)
class Case:
    """One property on one input."""

    property: Property
    arguments: tuple


@dataclass(frozen=True)
class Failure:
    """How an answer failed a case: by its value ("differs"), or before there was one."""

    kind: str
    got: Any = None
    expected: Any = None
    cause: str = ""
    detail: str = ""

    def is_like(self, other: "Failure", tolerance: float) -> bool:
        """Whether two answers failed in the same way; of errors, only the kind counts."""
        if self.kind != other.kind:
            return False
        if self.kind in ("raised", "unreadable", "nothing"):
            return self.detail == other.detail
        return self.kind == "modified" or values_equal(self.got, other.got, tolerance)


class IsolatedAnswer:
    """A learner's function as tests see it: it gets copies, and what it returns has been read.

    `function` is the bare one, for a test that wants what the learner really returned.
    """

    def __init__(self, exercise: Exercise, function: Callable[..., Any]):
        self.exercise, self.function = exercise, function
        self.error: BaseException | None = None
        self.returned: Any = None

    def __call__(self, *arguments: Any) -> Any:
        given = copy.deepcopy(arguments)
        try:
            value = self.function(*given)
        except BaseException as error:
            self.error = error
            raise
        if is_stub(value):
            raise Unwritten
        self.returned = value
        read = self.exercise.reads(value)
        if not is_unchanged(arguments, given):
            raise InputModified
        return read


def cases(exercise: Exercise, seed: int) -> Iterator[Case]:
    """Every case in order; the same seed gives the same ones. The example comes first."""
    if exercise.example is not None:
        shown_first = Property(format_message("card", "example"), test=_equals_the_example(exercise))
        yield Case(shown_first, exercise.example.arguments)
    for place, wanted in enumerate(exercise.properties):
        rng = np.random.default_rng([seed, zlib.crc32(exercise.id.encode()), place])
        for arguments in _made(exercise, wanted, rng):
            yield Case(wanted, arguments)


def _made(exercise: Exercise, wanted: Property, rng: np.random.Generator) -> Iterator[tuple]:
    """A property's inputs; SettingError, which is its author's to read, if there are none."""
    place = f"the inputs of {wanted.format_message!r} in {exercise.id}"
    try:
        for arguments in wanted.inputs(rng):
            if not isinstance(arguments, tuple):
                raise SettingError(
                    f"{place} must be tuples of arguments, such as (x,) for one; got "
                    f"{type(arguments).__name__}"
                )
            yield arguments
    except SettingError:
        raise
    except Exception as error:
        raise SettingError(
            f"{place} cannot be made: {type(error).__name__}: {error}; inputs is a function of "
            f"rng that gives tuples of arguments, one after the other"
        ) from error


def attempt(exercise: Exercise, answer: Any, case: Case) -> Failure | None:
    """Try one case: None if it holds."""
    guarded = IsolatedAnswer(exercise, answer) if exercise.is_function else answer
    test = case.property.test or _equals_the_solution(exercise)
    try:
        with np.errstate(all="ignore"):
            miss = test(guarded, *copy.deepcopy(case.arguments))
    except TimeLimitExceeded:
        raise
    except (Unwritten, NotAttempted, NotImplementedError):
        return Failure("blank")  # the stub, or one way through that is still unwritten
    except InputModified:
        return Failure("modified")
    except ParseError as error:
        value = getattr(guarded, "returned", answer)
        if value is None:
            return Failure("nothing", got="None", expected=str(error))
        return Failure(
            "unreadable", got=snapshot(value), expected=str(error), detail=type(value).__name__
        )
    except BaseException as error:
        name, own = type(error).__name__, error is getattr(guarded, "error", None)
        text = f"{name}: {error}" if str(error) else name
        return Failure("raised" if own else "untestable", got=text, detail=name)
    if miss is None or isinstance(miss, bool | np.bool_):
        return None if miss is None or miss else Failure("differs")
    if not isinstance(miss, Mismatch):
        raise SettingError(
            f"the test of {case.property.format_message!r} in {exercise.id} must return None if it "
            f"holds, or a Miss(got, expected), or True or False; got {type(miss).__name__}"
        )
    return Failure("differs", snapshot(miss.got), snapshot(miss.expected), miss.cause)


def _equals_the_example(exercise: Exercise) -> Callable[..., Mismatch | None]:
    def test(answer: Any, *arguments: Any) -> Mismatch | None:
        assert exercise.example is not None
        return _compared(answer(*arguments), exercise.example.result, exercise)

    return test


def _equals_the_solution(exercise: Exercise) -> Callable[..., Mismatch | None]:
    def test(answer: Any, *arguments: Any) -> Mismatch | None:
        return _compared(answer(*arguments), exercise.solution(*copy.deepcopy(arguments)), exercise)

    return test


def _compared(got: Any, result: Any, exercise: Exercise) -> Mismatch | None:
    expected = exercise.reads(result)
    return None if values_equal(got, expected, exercise.tolerance) else Mismatch(got, expected)


class CaseResults:
    """What became of an answer, case by case, up to where it got."""

    def __init__(self) -> None:
        self.current: Case | None = None
        self.first: tuple[Case, Failure] | None = None
        self.outcomes: list[Failure | None] = []

    def collect(
        self, exercise: Exercise, answer: Any, seed: int, is_late: Callable[[], bool]
    ) -> None:
        """Try every case until one fails, then some more, for `closest_mistake`."""
        for case in cases(exercise, seed):
            if self.first is None:
                self.current = case
            failure = attempt(exercise, answer, case)
            if is_late():
                raise TimeLimitExceeded
            if self.first is None or len(self.outcomes) < MAX_COMPARED_CASES:
                self.outcomes.append(failure)
            if failure is not None and self.first is None:
                self.first = case, failure
                if failure.kind == "blank" or not exercise.is_function:
                    return
            if self.first is not None and len(self.outcomes) >= MAX_COMPARED_CASES:
                return


def closest_mistake(exercise: Exercise, outcomes: list[Failure | None], seed: int) -> CommonMistake | None:
    """The named wrong answer that fails where the answer fails, and in the same way.

    Nearly everywhere: a cause that is not the learner's own is worse than none. Of several, the
    one that agrees most.
    """
    first = next(place for place, outcome in enumerate(outcomes) if outcome is not None)
    tried = [case for case, _ in zip(cases(exercise, seed), outcomes, strict=False)]
    best: tuple[float, CommonMistake | None] = (MIN_AGREEMENT - 1e-9, None)
    for wrong in exercise.wrong:
        if wrong.endless:
            continue
        if not _agree(attempt(exercise, wrong.function, tried[first]), outcomes[first], exercise):
            continue
        failing = agreed = 0
        for case, outcome in zip(tried, outcomes, strict=True):
            other = attempt(exercise, wrong.function, case)
            failing += outcome is not None or other is not None
            agreed += outcome is not None and _agree(other, outcome, exercise)
        share = agreed / failing
        if share > best[0]:
            best = share, wrong
    return best[1]


def _agree(one: Failure | None, other: Failure | None, exercise: Exercise) -> bool:
    if one is None or other is None:
        return one is other
    return one.is_like(other, exercise.tolerance)
