"""`self_test`: test an exercise with correct, wrong and hostile answers."""

import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from microgpt.learn import time_limit
from microgpt.learn.answer_stub import todo
from microgpt.learn.case_runner import MAX_COMPARED_CASES, iter_cases
from microgpt.learn.check_answer import check, check_within
from microgpt.learn.exercise import Exercise
from microgpt.learn.hints import hint
from microgpt.learn.hostile_kernels import (
    ENDLESS_FOR,
    hostile_kernels,
    make_kernel,
    stub_kernels,
)
from microgpt.learn.results import CORRECT, NOT_ATTEMPTED, NOT_YET, Result

SEEDS = (0, 1, 2731)
MAX_STATEMENT_WORDS = 60
ENDLESS_CPU_LIMIT = 0.5  # seconds for answers that never return: more would tell nothing else
SLACK = 1.0  # seconds allowed for a busy machine


def self_test(exercise: Exercise) -> list[str]:
    """Test an exercise and return its problems, one sentence each; [] if there are none.

    The solution (also in float32 and with lists) and the alternative solutions must be correct, the
    stub not attempted, and each common mistake must get its own cause. Answers that never return,
    raise, modify their input or return the wrong type must be rejected within seconds. So must
    kernels that do.
    """
    tests = [_test_texts, _test_solutions, _test_stubs, _test_common_mistakes, _test_wrong_types,
             _test_same_seed]  # fmt: skip
    if exercise.is_kernel:
        tests += [_test_hostile_kernels]
    elif exercise.is_function:
        tests += [_test_input_modified, _test_timeouts]
    return [f"{exercise.id}: {problem}" for test in tests for problem in test(exercise)]


def _test_texts(exercise: Exercise) -> Iterator[str]:
    count = len(exercise.statement.split())
    if count > MAX_STATEMENT_WORDS:
        yield f"the statement has {count} words; at most {MAX_STATEMENT_WORDS} fit"
    if not exercise.common_mistakes:
        yield "there are no common_mistakes, so no wrong answer gets a cause of its own"
    if not exercise.alternative_solutions:
        yield (
            "there are no alternative_solutions, so a learner who solves it in another way than "
            "the solution may be rejected"
        )
    if [str(hint(exercise, tier)) for tier in (1, 2, 3)] != list(exercise.hints):
        yield "the hints do not come in their order"
    if exercise.is_function and exercise.example is not None:
        num_arguments, num_parameters = (
            len(exercise.example.arguments),
            len(exercise.case_names),
        )
        if num_arguments != num_parameters:
            names = ", ".join(exercise.case_names)
            yield f"the example has {num_arguments} arguments instead of {num_parameters}: {names}"


def _correct_answers(exercise: Exercise) -> Iterator[tuple[str, Any]]:
    """Yield (name, answer) for each answer that must be correct."""
    yield "the solution", _answer(exercise, exercise.solution)
    for number, function in enumerate(exercise.alternative_solutions, 1):
        yield f"alternative solution {number}", _answer(exercise, function)
    if exercise.is_function and not exercise.is_kernel:
        yield "the solution in float32", in_float32(exercise.solution)
        yield "the solution with lists", with_lists(exercise.solution)


def _answer(exercise: Exercise, function: Callable[..., Any]) -> Any:
    """Return the answer of a solution or mistake: the function itself, or the object it returns."""
    return function if exercise.is_function else function()


def _test_solutions(exercise: Exercise) -> Iterator[str]:
    for name, answer in _correct_answers(exercise):
        for seed in SEEDS:
            result = check(exercise, answer, seed)
            if result.state != CORRECT:
                yield f"{name} is rejected with seed {seed}: {' '.join(repr(result).split())}"
                break


def _test_stubs(exercise: Exercise) -> Iterator[str]:
    stubs: dict[str, Any] = {"the stub": todo()}
    if exercise.is_kernel:
        stubs |= stub_kernels(exercise)
    elif exercise.is_function:
        stubs["a function that returns the stub"] = lambda *_: todo()
        stubs["a function that calls the stub"] = lambda *_: todo()()
        stubs["a function that is not implemented"] = _not_implemented
    for name, answer in stubs.items():
        state = check(exercise, answer).state
        if state != NOT_ATTEMPTED:
            yield f"{name} is {state!r} instead of {NOT_ATTEMPTED!r}"


def _test_common_mistakes(exercise: Exercise) -> Iterator[str]:
    for mistake in exercise.common_mistakes:
        answer = _answer(exercise, mistake.function)
        check_mistake = _check_endless if mistake.times_out else check
        for seed in SEEDS:
            result = check_mistake(exercise, answer, seed)
            if result.state != NOT_YET:
                yield f"the mistake {mistake.name!r} is {result.state!r} with seed {seed}"
                break
            if result.cause != mistake.cause:
                yield (
                    f"the mistake {mistake.name!r} gets another cause with seed {seed}: "
                    f"{result.cause!r}"
                )
                break


def _test_wrong_types(exercise: Exercise) -> Iterator[str]:
    values: tuple[Any, ...] = (None, "seven", object(), np.zeros((2, 3, 1)), {}, [[1], [2, 3]])
    for value in values:
        is_result = exercise.is_function and not exercise.is_kernel
        answer = (lambda *_, value=value: value) if is_result else value
        yield from _test_rejected(exercise, answer, f"an answer that gives {type(value).__name__}")
    if exercise.is_function and not exercise.is_kernel:
        for error in (ValueError, SystemExit, KeyboardInterrupt, MemoryError, RecursionError):
            yield from _test_rejected(
                exercise, _raise(error), f"an answer that raises {error.__name__}"
            )
        yield from _test_rejected(exercise, 7, "an answer that is no function")


def _test_hostile_kernels(exercise: Exercise) -> Iterator[str]:
    for name, kernel in hostile_kernels(exercise):
        yield from _test_rejected(exercise, kernel, name)
    yield from _test_rejected_in_time(
        exercise, make_kernel(exercise, ENDLESS_FOR), "a kernel with an endless `for`"
    )


def _test_input_modified(exercise: Exercise) -> Iterator[str]:
    def modifies_input(*arguments: Any) -> Any:
        result = exercise.solution(*arguments)
        for argument in arguments:
            if isinstance(argument, np.ndarray) and argument.size:
                argument.reshape(-1)[0] += 1
            elif isinstance(argument, list) and argument:
                argument.pop()
        return result

    cases = islice(iter_cases(exercise, 0), MAX_COMPARED_CASES)
    inputs = (argument for case in cases for argument in case.arguments)
    if any(isinstance(argument, np.ndarray | list) for argument in inputs):
        yield from _test_rejected(exercise, modifies_input, "an answer that changes its input")


def _test_timeouts(exercise: Exercise) -> Iterator[str]:
    for name, answer in (
        ("an endless loop", _endless),
        ("a loop that catches errors", _catches_errors),
    ):
        yield from _test_rejected_in_time(exercise, answer, name)


def _test_rejected_in_time(exercise: Exercise, answer: Any, name: str) -> Iterator[str]:
    start = time.monotonic()
    yield from _problems_of_rejection(_check_endless(exercise, answer), name)
    if time.monotonic() - start > exercise.time_limits[1] + time_limit.STOP_GRACE + SLACK:
        yield f"{name} came back after {time.monotonic() - start:.1f} s"


def _test_same_seed(exercise: Exercise) -> Iterator[str]:
    mistakes = [mistake.function for mistake in exercise.common_mistakes]
    answer = _answer(exercise, [*mistakes, exercise.solution][0])
    first, second = ({**check(exercise, answer, 5).to_dict(), "seconds": 0} for _ in range(2))
    if json.dumps(first) != json.dumps(second):
        yield "the same seed gives two different results"


def _check_endless(exercise: Exercise, answer: Any, seed: int = 0) -> Result:
    """Check an answer that never returns."""
    cpu_limit, wall_limit = exercise.time_limits
    return check_within(exercise, answer, seed, (min(cpu_limit, ENDLESS_CPU_LIMIT), wall_limit))


def _test_rejected(exercise: Exercise, answer: Any, name: str) -> Iterator[str]:
    yield from _problems_of_rejection(check(exercise, answer), name)


def _problems_of_rejection(result: Result, name: str) -> Iterator[str]:
    if result.state != NOT_YET:
        yield f"{name} is {result.state!r} instead of {NOT_YET!r}"
    elif not (result.property and result._repr_html_() and json.dumps(result.to_dict())):
        yield f"{name} gets a card without the failed property"


def in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function to convert its arguments and results to float32."""

    def float32_function(*arguments: Any) -> Any:
        return _to_float32(function(*map(_to_float32, arguments)))

    return float32_function


def _to_float32(value: Any) -> Any:
    if isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        return np.float32(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_to_float32, value))
    return value


def with_lists(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function to return lists instead of arrays."""

    def list_function(*arguments: Any) -> Any:
        return _to_lists(function(*arguments))

    return list_function


def _to_lists(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return tuple(map(_to_lists, value)) if isinstance(value, tuple) else value


def _not_implemented(*arguments: Any) -> Any:
    raise NotImplementedError


def _raise(error: type[BaseException]) -> Callable[..., Any]:
    def raises(*arguments: Any) -> Any:
        raise error("on purpose")

    return raises


def _endless(*arguments: Any) -> Any:
    while True:
        pass


def _catches_errors(*arguments: Any) -> Any:
    while True:
        try:
            while True:
                pass
        except Exception:
            pass
