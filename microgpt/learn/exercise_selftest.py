"""`self_test`: what every exercise must withstand before a learner meets it."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from microgpt.learn import time_limit
from microgpt.learn.case_runner import MAX_COMPARED_CASES, cases
from microgpt.learn.check_answer import check
from microgpt.learn.exercise import Exercise
from microgpt.learn.hints import hint
from microgpt.learn.results import CORRECT, NOT_ATTEMPTED, NOT_YET, Result
from microgpt.learn.stub import todo

SEEDS = (0, 1, 2731)
WORDS = 60  # at most, in a statement
AT_ONCE = 1.0  # seconds that the machine may be busy with something else


def self_test(exercise: Exercise) -> list[str]:
    """Try an exercise on right, wrong and hostile answers; what is amiss, in sentences.

    An empty list says that all is well: the solution, two other number types and every other
    road are correct, the stub is not attempted, each named wrong answer gets its own cause, and
    endless, raising, meddling and meaningless answers get a card within seconds.
    """
    tests = [_texts, _right, _stub, _wrong, _meaningless, _repeated]
    if exercise.is_function:
        tests += [_meddling, _endless]
    return [f"{exercise.id}: {problem}" for test in tests for problem in test(exercise)]


def _texts(exercise: Exercise) -> Iterator[str]:
    count = len(exercise.statement.split())
    if count > WORDS:
        yield f"the statement has {count} words; {WORDS} is the most"
    if not exercise.wrong:
        yield "no wrong answer is named, so no cause can be"
    if not exercise.right:
        yield (
            "no second right answer is given (right=…), so a learner who takes another road than "
            "the solution may be refused"
        )
    if [str(hint(exercise, tier)) for tier in (1, 2, 3)] != list(exercise.hints):
        yield "the hints do not come in their order"
    if exercise.is_function and exercise.example is not None:
        given, named = len(exercise.example.arguments), len(exercise.parameters)
        if given != named:
            yield f"the example has {given} arguments, the signature {named}"


def _answers(exercise: Exercise) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Right answers, each with its name and a function that makes it."""
    for name, function in (
        ("the solution", exercise.solution),
        *((f"right answer {place + 1}", other) for place, other in enumerate(exercise.right)),
    ):
        yield name, partial(_itself, function) if exercise.is_function else function
    if exercise.is_function:
        yield "the solution in float32", lambda: in_float32(exercise.solution)
        yield "the solution with lists", lambda: with_lists(exercise.solution)


def _itself(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _right(exercise: Exercise) -> Iterator[str]:
    for name, make in _answers(exercise):
        answer = make()
        for seed in SEEDS:
            result = check(exercise, answer, seed)
            if result.state != CORRECT:
                yield f"{name} is refused with seed {seed}: {_line(result)}"
                break


def _stub(exercise: Exercise) -> Iterator[str]:
    stubs: dict[str, Any] = {"the stub": todo()}
    if exercise.is_function:
        stubs["a function that returns the stub"] = lambda *_: todo()
        stubs["a function that calls the stub"] = lambda *_: todo()()
        stubs["a function that is not implemented"] = _not_implemented
    for name, answer in stubs.items():
        state = check(exercise, answer).state
        if state != NOT_ATTEMPTED:
            yield f"{name} is {state!r} instead of {NOT_ATTEMPTED!r}"


def _wrong(exercise: Exercise) -> Iterator[str]:
    for wrong in exercise.wrong:
        answer = wrong.function if exercise.is_function else wrong.function()
        for seed in SEEDS:
            result = check(exercise, answer, seed)
            if result.state != NOT_YET:
                yield f"the wrong answer {wrong.name!r} is {result.state!r} with seed {seed}"
                break
            if result.cause != wrong.cause:
                yield (
                    f"the wrong answer {wrong.name!r} gets another cause with seed {seed}: "
                    f"{result.cause!r}"
                )
                break


def _meaningless(exercise: Exercise) -> Iterator[str]:
    values: tuple[Any, ...] = (None, "seven", object(), np.zeros((2, 3, 1)), {}, [[1], [2, 3]])
    for value in values:
        answer = (lambda *_, value=value: value) if exercise.is_function else value
        yield from _refused(exercise, answer, f"an answer that gives {type(value).__name__}")
    if exercise.is_function:
        for kind in (ValueError, SystemExit, KeyboardInterrupt, MemoryError, RecursionError):
            yield from _refused(exercise, _raising(kind), f"an answer that raises {kind.__name__}")
        yield from _refused(exercise, 7, "an answer that is no function")


def _meddling(exercise: Exercise) -> Iterator[str]:
    def meddling(*arguments: Any) -> Any:
        result = exercise.solution(*arguments)
        for argument in arguments:
            if isinstance(argument, np.ndarray) and argument.size:
                argument.reshape(-1)[0] += 1
            elif isinstance(argument, list) and argument:
                argument.pop()
        return result

    some = islice(cases(exercise, 0), MAX_COMPARED_CASES)
    given = [part for case in some for part in case.arguments]
    if any(isinstance(part, np.ndarray | list) for part in given):
        yield from _refused(exercise, meddling, "an answer that changes its input")


def _endless(exercise: Exercise) -> Iterator[str]:
    for name, answer in (("a loop without end", _for_ever), ("a stubborn loop", _stubborn)):
        start = time.monotonic()
        yield from _refused(exercise, answer, name)
        if time.monotonic() - start > time_limit.WALL_LIMIT + time_limit.STOP_GRACE + AT_ONCE:
            yield f"{name} came back after {time.monotonic() - start:.1f} s"


def _repeated(exercise: Exercise) -> Iterator[str]:
    wrong = exercise.wrong[0].function if exercise.wrong else exercise.solution
    answer = wrong if exercise.is_function else wrong()
    first, second = ({**check(exercise, answer, 5).to_dict(), "seconds": 0} for _ in range(2))
    if json.dumps(first) != json.dumps(second):
        yield "the same seed gives two results"


def _refused(exercise: Exercise, answer: Any, name: str) -> Iterator[str]:
    result = check(exercise, answer)
    if result.state != NOT_YET:
        yield f"{name} is {result.state!r} instead of {NOT_YET!r}"
    elif not (result.property and result._repr_html_() and json.dumps(result.to_dict())):
        yield f"{name} gets a card without a sentence"


def _line(result: Result) -> str:
    return " ".join(repr(result).split())


def in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function computing in float32: what it is given and what it gives."""

    def small(*arguments: Any) -> Any:
        return _converted(function(*(_converted(part) for part in arguments)))

    return small


def _converted(value: Any) -> Any:
    if isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        return np.float32(value)
    if isinstance(value, list | tuple):
        return type(value)(_converted(part) for part in value)
    return value


def with_lists(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function returning lists where it returned arrays."""

    def listed(*arguments: Any) -> Any:
        return _listed(function(*arguments))

    return listed


def _listed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return tuple(map(_listed, value)) if isinstance(value, tuple) else value


def _not_implemented(*arguments: Any) -> Any:
    raise NotImplementedError


def _raising(kind: type[BaseException]) -> Callable[..., Any]:
    def raising(*arguments: Any) -> Any:
        raise kind("on purpose")

    return raising


def _for_ever(*arguments: Any) -> Any:
    while True:
        pass


def _stubborn(*arguments: Any) -> Any:
    while True:
        try:
            while True:
                pass
        except Exception:
            pass
