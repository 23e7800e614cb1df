"""`check`: one answer, one `Result`, within seconds, whatever the answer does."""

import copy
import time
from collections.abc import Callable
from typing import Any

from microgpt import __version__, backends
from microgpt.errors import SettingError
from microgpt.learn import time_limit
from microgpt.learn.case_runner import Case, Failure, CaseResults, closest_mistake
from microgpt.learn.exercise import Exercise
from microgpt.learn.messages import message_section
from microgpt.learn.registry import find
from microgpt.learn.results import CORRECT, NOT_ATTEMPTED, NOT_YET, Result
from microgpt.learn.stub import is_stub


def check(id: str | Exercise, answer: Any, seed: int | None = None) -> Result:
    """What the exercise `id` finds about your answer: correct, not yet, or not attempted.

    The answer runs in a thread of its own, three seconds of work at most, and its tensors live on
    NumPy; what it prints is dropped. The same `seed` (default 0) makes the same inputs. Nothing is
    recorded or sent. Not to be called while holding `backends.LOCK`: the answer may need it.
    """
    exercise, seed = find(id), 0 if seed is None else seed
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise SettingError(f"seed must be a whole number, 0 or above; got {seed!r}")
    start = time.perf_counter()
    if exercise.settle is not None:
        exercise.settle(answer)
    with backends.using("numpy"):  # nobody's three seconds go into compiling
        found = _examined(exercise, answer, seed)
    if found["state"] == CORRECT and exercise.effect is not None:
        found["effect"] = _effect(exercise.effect, answer)
    found |= {"exercise": exercise.id, "version": __version__, "seed": seed}
    return Result(**found, seconds=time.perf_counter() - start)


def _effect(effect: Callable[[Any], str], answer: Any) -> str:
    """What the right answer brought about; nothing if that cannot be said in time."""
    said: list[str] = []
    ended = time_limit.TimeLimitedCall(
        lambda: said.append(effect(answer)), time_limit.CPU_LIMIT, time_limit.WALL_LIMIT
    ).run()
    return said[0] if ended == "done" and said else ""


def _examined(exercise: Exercise, answer: Any, seed: int) -> dict[str, Any]:
    if is_stub(answer):
        return {"state": NOT_ATTEMPTED}
    if exercise.is_function and not callable(answer):
        return {
            "state": NOT_YET,
            "property": message_section("card")["function"],
            "got": f"a {type(answer).__name__}",
            "expected": exercise.signature,
        }
    findings = CaseResults()
    watched = time_limit.TimeLimitedCall(
        lambda: findings.collect(exercise, answer, seed, lambda: watched.late),
        time_limit.CPU_LIMIT,
        time_limit.WALL_LIMIT,
    )
    ended = watched.run()
    if findings.first is None and ended != "done":
        return _silent(exercise, findings.current, ended)
    if findings.first is None:
        if watched.error is not None:  # no learner's error: an exercise that cannot be run
            raise watched.error
        return {"state": CORRECT}
    case, failure = findings.first
    if failure.kind == "blank" and len(findings.outcomes) == 1:
        return {"state": NOT_ATTEMPTED}
    return _described(exercise, case, failure, _cause(exercise, case, failure, findings, seed))


def _cause(exercise: Exercise, case: Case, failure: Failure, findings: CaseResults, seed: int) -> str:
    """The test's own word, else that of the wrong answer it is like, else the property's."""
    if failure.cause:
        return failure.cause
    if exercise.is_function and failure.kind != "blank":
        like = closest_mistake(exercise, findings.outcomes, seed)
        if like is not None:
            return like.cause
    if failure.kind in ("raised", "differs") and case.property.cause:
        return case.property.cause
    return message_section("causes").get(failure.kind, "").format(detail=failure.detail)


def _described(exercise: Exercise, case: Case, failure: Failure, cause: str) -> dict[str, Any]:
    return {
        "state": NOT_YET,
        "property": case.property.format_message,
        "input": _inputs(exercise, case),
        "got": failure.got,
        "expected": copy.deepcopy(failure.expected),
        "cause": cause,
    }


def _silent(exercise: Exercise, case: Case | None, ended: str) -> dict[str, Any]:
    """An answer that did not come back within the limit."""
    endless = [wrong.cause for wrong in exercise.wrong if wrong.endless]
    return {
        "state": NOT_YET,
        "property": message_section("card")[ended].format(limit=f"{time_limit.CPU_LIMIT:g}"),
        "input": None if case is None else _inputs(exercise, case),
        "cause": (endless or [message_section("causes")[ended]])[0],
    }


def _inputs(exercise: Exercise, case: Case) -> dict[str, Any] | None:
    if not case.arguments:
        return None
    names = exercise.parameters
    if len(names) != len(case.arguments):
        names = [f"argument {place + 1}" for place in range(len(case.arguments))]
    # Copies: whoever tries the input in a cell must not change the exercise's own.
    return dict(zip(names, copy.deepcopy(case.arguments), strict=True))
