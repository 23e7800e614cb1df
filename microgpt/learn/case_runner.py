"""Run an answer on an exercise's cases, and record how it fails."""

import copy
import linecache
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.errors import Described, SettingError
from microgpt.learn.answer_stub import is_stub
from microgpt.learn.equality import is_numeric_data, is_unchanged, values_equal
from microgpt.learn.exercise import Exercise, Mismatch, Property
from microgpt.learn.formatting import snapshot
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import ParseError
from microgpt.learn.results import NotAttempted
from microgpt.learn.time_limit import TimeLimitExceeded

MAX_COMPARED_CASES = 60  # cases on which a wrong answer is compared with the common mistakes
MAX_REPEATS = 10  # calls with the same input, to notice random numbers and remembered values


class InputModified(Exception):
    """The answer modified one of its arguments."""


class Unwritten(Exception):
    """The answer returned the stub."""


@dataclass(frozen=True)
class Case:
    """One property on one input."""

    property: Property
    arguments: tuple


@dataclass(frozen=True)
class Failure:
    """How an answer failed a case.

    `reason` is a key of `causes` in messages.toml: "mismatch" for a wrong value, unless a test
    gives another; "unwritten",
    "input_modified", "returned_none", "wrong_type", "raised" or "test_crashed" if there is no value
    to compare. `detail` is the type of the exception or of the result, `line` the line of the
    answer's code that raised. `returned` is the last value that the answer returned, `quantity` is
    that of a `Mismatch`.
    """

    reason: str
    got: Any = None
    expected: Any = None
    cause: str = ""
    detail: str = ""
    line: str = ""
    returned: Any = None
    quantity: str = ""

    def is_like(self, other: "Failure", tolerance: float) -> bool:
        """Whether two answers failed in the same way; exceptions are compared by type only.

        So are results of a wrong type, unless they are numbers.
        """
        if self.reason != other.reason:
            return False
        if self.reason == "wrong_type" and is_numeric_data(self.got):
            return values_equal(self.got, other.got, tolerance)
        if self.reason in ("raised", "wrong_type", "returned_none"):
            return self.detail == other.detail
        return self.reason == "input_modified" or values_equal(self.got, other.got, tolerance)


class IsolatedAnswer:
    """Wraps a learner's function for tests: it gets copies of the inputs, its result is parsed.

    `function` is the unwrapped one, for tests that need the learner's unparsed result. `returned`
    is the last result, parsed if possible.
    """

    def __init__(self, exercise: Exercise, function: Callable[..., Any]):
        self.exercise, self.function = exercise, function
        self.error: BaseException | None = None
        self.returned: Any = None

    def __call__(self, *arguments: Any) -> Any:
        copies = copy.deepcopy(arguments)
        try:
            value = self.exercise.call(self.function, *copies)
        except BaseException as error:
            self.error = error
            raise
        if is_stub(value):
            raise Unwritten
        self.returned = value
        self.returned = result = self.exercise.parse(value)
        if not is_unchanged(arguments, copies):
            raise InputModified
        return result

    def failing_line(self) -> str:
        """Return the innermost line of the learner's code that raised `error`; "" if unknown."""
        filename = getattr(getattr(self.function, "__code__", None), "co_filename", None)
        line, traceback = "", None if self.error is None else self.error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == filename:
                line = linecache.getline(str(filename), traceback.tb_lineno).strip()
            traceback = traceback.tb_next
        return line


def iter_cases(exercise: Exercise, seed: int) -> Iterator[Case]:
    """Yield every case in order, the worked example first; the same seed gives the same cases."""
    if exercise.example is not None:
        result = exercise.example.result
        description = message_section("properties")["worked_example"]
        test = _equals(exercise, lambda *_: exercise.parse(result))
        yield Case(Property(description, test=test), exercise.example.arguments)
    for index, prop in enumerate(exercise.properties):
        rng = np.random.default_rng([seed, zlib.crc32(exercise.id.encode()), index])
        for arguments in _inputs(exercise, prop, rng):
            yield Case(prop, arguments)


def _inputs(exercise: Exercise, prop: Property, rng: np.random.Generator) -> Iterator[tuple]:
    """Yield a property's inputs; raise SettingError, for the exercise's author, if that fails."""
    name = f"the inputs of {prop.description!r} in {exercise.id}"
    try:
        for arguments in prop.inputs(rng):
            if not isinstance(arguments, tuple):
                raise SettingError(
                    name, "tuples of arguments, such as (x,) for one", type(arguments)
                )
            yield arguments
    except SettingError:
        raise
    except Exception as error:
        raise SettingError(
            name,
            "made by a function of rng that gives tuples of arguments, one after the other",
            Described(f"{type(error).__name__}: {error}"),
        ) from error


def run_case(exercise: Exercise, answer: Any, case: Case) -> Failure | None:
    """Run the answer on one case; return None if the property holds, else the failure."""
    isolated = IsolatedAnswer(exercise, answer) if exercise.is_function else answer
    test = case.property.test or _equals(exercise, exercise.expected)
    try:
        with np.errstate(all="ignore"):
            outcome = test(isolated, *copy.deepcopy(case.arguments))
    except TimeLimitExceeded:
        raise
    except (Unwritten, NotAttempted, NotImplementedError):
        return Failure("unwritten")  # the answer, or the branch of it that this case reaches
    except InputModified:
        return Failure("input_modified")
    except ParseError as error:
        value = getattr(isolated, "returned", answer)
        if value is None:
            return Failure("returned_none", got="None", expected=str(error))
        name, shown = type(value).__name__, snapshot(value)
        got = repr(value) if type(value) is str else shown  # 'inf' is no inf
        return Failure("wrong_type", got, str(error), detail=name, returned=shown)
    except BaseException as error:
        name = type(error).__name__
        text = f"{name}: {error}" if str(error) else name
        if not isinstance(isolated, IsolatedAnswer) or error is not isolated.error:
            return Failure("test_crashed", got=text, detail=name)
        return Failure("raised", got=text, detail=name, line=isolated.failing_line())
    returned = getattr(isolated, "returned", None) if exercise.is_function else None
    returned = returned if exercise.is_kernel else snapshot(returned)
    if outcome is None or isinstance(outcome, bool | np.bool_):
        return None if outcome is None or outcome else Failure("mismatch", returned=returned)
    if not isinstance(outcome, Mismatch):
        raise SettingError(
            f"the result of the test of {case.property.description!r} in {exercise.id}",
            "None if it holds, or a Mismatch(got, expected), or True or False",
            type(outcome),
        )
    got, expected = snapshot(outcome.got), snapshot(outcome.expected)
    return Failure(
        outcome.reason, got, expected, outcome.cause, returned=returned, quantity=outcome.quantity
    )


def _equals(exercise: Exercise, reference: Callable[..., Any]) -> Callable[..., Mismatch | None]:
    """Return a test that an answer's results equal those of `reference`, within the tolerance."""

    def test(answer: Any, *arguments: Any) -> Mismatch | None:
        return exercise.compare(answer(*arguments), reference(*arguments))

    return test


class CaseResults:
    """The outcome of each case, recorded by the answer's thread while `check` waits.

    `varies` is whether the first failure was another one when its case was run again.
    """

    def __init__(self) -> None:
        self.current: Case | None = None
        self.first_failure: tuple[Case, Failure] | None = None
        self.outcomes: list[Failure | None] = []
        self.varies = False

    def run(
        self, exercise: Exercise, answer: Any, seed: int, timed_out: Callable[[], bool]
    ) -> None:
        """Run every case until one fails, then as many as `closest_mistake` compares."""
        answer = exercise.prepare(answer)
        for case in iter_cases(exercise, seed):
            if self.first_failure is None:
                self.current = case
            failure = run_case(exercise, answer, case)
            if timed_out():
                raise TimeLimitExceeded
            if self.first_failure is None or len(self.outcomes) < MAX_COMPARED_CASES:
                self.outcomes.append(failure)
            if failure is not None and self.first_failure is None:
                self.first_failure = case, failure
                if failure.reason == "unwritten" or not exercise.is_function or exercise.is_kernel:
                    return
            if self.first_failure is not None and len(self.outcomes) >= MAX_COMPARED_CASES:
                break
        if self.first_failure is not None:
            self._repeat(exercise, answer, *self.first_failure)

    def _repeat(self, exercise: Exercise, answer: Any, case: Case, failure: Failure) -> None:
        """Run the case of the first failure again, until it fails in another way or holds."""
        for _ in range(MAX_REPEATS):
            again = run_case(exercise, answer, case)
            if again is None or not again.is_like(failure, exercise.tolerance):
                self.varies = True
                return
