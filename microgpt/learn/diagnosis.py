"""Name the usual cause of a wrong answer: the common mistake that explains its failures, if any."""

import inspect
from itertools import takewhile
from types import FunctionType
from typing import Any

import numpy as np

from microgpt.learn.case_runner import Case, CaseResults, Failure, iter_cases, run_case
from microgpt.learn.equality import is_numeric_data
from microgpt.learn.exercise import CommonMistake, Exercise, Property
from microgpt.learn.kernel_exercise import KernelExercise
from microgpt.learn.messages import format_message

MIN_AGREEMENT = 0.95  # fraction of the cases on which either fails; below, it is another mistake
MIN_FAILURES = 3  # failures that one mistake must explain if others follow
# Errors of the code itself, whatever the input is: a property's usual cause does not explain them.
CODING_ERRORS = {
    "NameError", "UnboundLocalError", "AttributeError", "TypeError", "ImportError",
    "ModuleNotFoundError", "SyntaxError",
}  # fmt: skip


# How NumPy and Python say that there is no largest of no numbers.
OF_NOTHING = (
    "zero-size array to reduction", "arg is an empty sequence", "iterable argument is empty",
)  # fmt: skip


def usual_cause(exercise: Exercise, answer: Any, results: CaseResults, seed: int) -> str:
    """Return the usual cause of the first failure of `results`, the most specific that is known.

    That is the cause that the property's test found, a common mistake's, the property's own, or one
    by the reason of the failure.
    """
    assert results.first_failure is not None
    case, failure = results.first_failure
    if failure.cause or failure.reason == "unwritten":
        return failure.cause or _cause_by_reason(failure)
    if not exercise.is_function:
        return case.property.cause or _cause_by_reason(failure)
    if results.varies:
        return format_message("causes", "varies")
    if has_other_order(exercise, answer):
        return format_message("causes", "argument_order", signature=exercise.signature)
    mistake = (
        exercise.find_mistake(failure.returned, case.arguments)
        if isinstance(exercise, KernelExercise)
        else closest_mistake(exercise, results.outcomes, seed)
    )
    if mistake is not None:
        return mistake.cause
    if case.property.cause and _may_explain(case.property, failure):
        return case.property.cause
    return _cause_by_reason(failure)


def _may_explain(prop: Property, failure: Failure) -> bool:
    """Whether a property's own cause fits the failure, and not only its input."""
    if failure.reason == "raised":
        return prop.test is None and failure.detail not in CODING_ERRORS
    return failure.reason != "input_modified"


def _cause_by_reason(failure: Failure) -> str:
    """Return the cause that messages.toml has for the reason of a failure."""
    values = (failure.got, failure.expected)
    if failure.reason == "mismatch" and all(map(is_numeric_data, values)):
        for got, expected in _shapes(*values):
            if got != expected:
                return format_message(
                    "causes", "wrong_shape", got=_size(got), expected=_size(expected)
                )
    key = "raised_in_line" if failure.line else failure.reason
    if failure.line and any(part in str(failure.got) for part in OF_NOTHING):
        key = "raised_on_nothing"
    return format_message(
        "causes", key, detail=failure.detail, expected=failure.expected, line=failure.line
    )


def _shapes(got: Any, expected: Any) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return the two shapes, or those of each pair of arrays in two tuples or lists of arrays."""
    if isinstance(expected, tuple) or _is_list_of_arrays(expected):
        if not isinstance(got, tuple | list) or len(got) != len(expected):
            return []
        pairs = zip(got, expected, strict=True)
        return [shapes for a, b in pairs for shapes in _shapes(a, b)]
    if isinstance(expected, dict) or _is_list_of_arrays(got):
        return []
    return [(np.shape(got), np.shape(expected))]


def _is_list_of_arrays(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(part, np.ndarray) for part in value)


def _size(shape: tuple[int, ...]) -> str:
    """Return the size of a shape in words: "one number", "3 numbers", "the shape (2, 3)"."""
    if len(shape) > 1:
        return f"numbers of the shape {shape}"
    return "one number" if shape in ((), (1,)) else f"{shape[0]} numbers"


def parameters(answer: Any) -> inspect.Signature | None:
    """Return the signature of a function; None for another callable, whose own code would run."""
    return inspect.signature(answer) if isinstance(answer, FunctionType) else None


def has_other_order(exercise: Exercise, answer: Any) -> bool:
    """Whether a function has the signature's parameters, by name, in another order."""
    signature = parameters(answer)
    names = [] if signature is None else list(signature.parameters)
    expected = exercise.parameter_names
    return names != expected and sorted(names) == sorted(expected)


def closest_mistake(
    exercise: Exercise, outcomes: list[Failure | None], seed: int
) -> CommonMistake | None:
    """Return the common mistake that explains how the answer fails; None if no mistake does.

    It must agree with the answer on the first failing case, and on at least MIN_AGREEMENT of the
    failing ones: naming a mistake that the learner did not make is worse than naming none. The one
    that agrees on most cases wins. An answer may have several mistakes, and properties go from
    simple to complex. So if none agrees on that many, the one wins that explains every case for
    longest, provided that these are all cases of the first properties.
    """
    cases = [case for case, _ in zip(iter_cases(exercise, seed), outcomes, strict=False)]
    num_first = _num_first_cases(cases, outcomes)
    best: tuple[float, CommonMistake | None] = (MIN_AGREEMENT - 1e-9, None)
    second_best: tuple[int, CommonMistake | None] = (num_first - 1, None)
    for mistake in exercise.common_mistakes:
        if mistake.times_out:
            continue
        agreements = _agreements(exercise, mistake, cases, outcomes)
        failing = [agrees for agrees in agreements if agrees is not None]
        best = max(best, (sum(failing) / max(1, len(failing)), mistake), key=lambda pair: pair[0])
        num_explained = len(list(takewhile(lambda agrees: agrees is not False, agreements)))
        second_best = max(second_best, (num_explained, mistake), key=lambda pair: pair[0])
    return best[1] or second_best[1]


def _num_first_cases(cases: list[Case], outcomes: list[Failure | None]) -> int:
    """Return how many cases the first properties have, up to the one with the third failure."""
    failing = [index for index, outcome in enumerate(outcomes) if outcome is not None]
    if len(failing) < MIN_FAILURES:
        return len(cases)
    last = failing[MIN_FAILURES - 1]
    same = takewhile(lambda case: case.property is cases[last].property, cases[last:])
    return last + len(list(same))


def _agreements(
    exercise: Exercise, mistake: CommonMistake, cases: list[Case], outcomes: list[Failure | None]
) -> list[bool | None]:
    """Return for each case whether the mistake explains the outcome; None where neither fails.

    The list ends early if it does not explain the answer's first failure, or so many cases that its
    agreement is below MIN_AGREEMENT whatever the rest would show.
    """
    agreements: list[bool | None] = []
    max_disagreements = (1 - MIN_AGREEMENT) * len(cases)
    for case, outcome in zip(cases, outcomes, strict=True):
        if outcome is not None and mistake.matches is not None:
            agreements.append(_matches(mistake, case, outcome))
        else:
            failure = run_case(exercise, mistake.function, case)
            if failure is None or outcome is None:
                agreements.append(None if failure is outcome else False)
            else:
                agreements.append(failure.is_like(outcome, exercise.tolerance))
        if agreements[-1] is not False:
            continue
        if outcome is not None and True not in agreements:
            break
        if agreements.count(False) > max_disagreements:
            break
    return agreements


def _matches(mistake: CommonMistake, case: Case, failure: Failure) -> bool:
    """Whether a mistake recognises the result of a failing case."""
    if failure.reason in ("unwritten", "input_modified", "test_crashed"):
        return False
    assert mistake.matches is not None
    try:
        with np.errstate(all="ignore"):
            return bool(mistake.matches(failure.returned, *case.arguments))
    except Exception:  # a result of another shape or type than the mistake's
        return False
