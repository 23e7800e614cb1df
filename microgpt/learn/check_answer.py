"""`check`: check an answer and return a `Result` within seconds, whatever the answer does."""

import copy
import inspect
import time
from typing import Any

from microgpt import __version__, backends
from microgpt.config.checks import check_integer
from microgpt.learn import time_limit
from microgpt.learn.answer_cells import find_cell_error
from microgpt.learn.answer_source import remember
from microgpt.learn.answer_stub import is_stub
from microgpt.learn.case_runner import Case, CaseResults
from microgpt.learn.diagnosis import parameters, usual_cause
from microgpt.learn.exercise import Exercise
from microgpt.learn.messages import format_message, message_section
from microgpt.learn.registry import find_exercise
from microgpt.learn.results import CORRECT, NOT_ATTEMPTED, NOT_YET, Result
from microgpt.learn.running_sign import RunningSign


def check(id: str | Exercise, answer: Any, seed: int | None = None) -> Result:
    """Check your answer to the exercise `id`: correct, not yet, or not attempted.

    The answer runs in its own thread, for at most three seconds of CPU time (a kernel for twelve),
    with the NumPy back end; its printed output is discarded. The same `seed` (default 0) gives the
    same inputs. No data is stored or sent; the source of a correct function stays in memory, for
    `workbook`. In a notebook, an answer is not checked if the last run of its cell ended in an
    error and left an earlier value, and a line says what is going on while a slow one runs. Do not
    call it while holding `backends.LOCK`, which the answer may need.
    """
    exercise = find_exercise(id)
    seed = check_integer("seed", 0 if seed is None else seed, minimum=0)
    return check_within(exercise, answer, seed, exercise.time_limits)


def check_within(
    exercise: Exercise, answer: Any, seed: int, time_limits: tuple[float, float]
) -> Result:
    """Check an answer that is stopped after some seconds of CPU time, and of wall-clock time."""
    start = time.perf_counter()
    sign = RunningSign(exercise)
    try:
        if error := find_cell_error(exercise.answer_name, answer):
            outcome = _cell_error(exercise, answer, error)
        else:
            if exercise.wait_for_answer is not None:
                exercise.wait_for_answer(answer)
            with backends.using("numpy"):  # so that compilation takes none of the time
                outcome = _check(exercise, answer, seed, sign, time_limits)
        if outcome["state"] == CORRECT:
            if exercise.is_function and not exercise.is_kernel:  # no kernel is in the workbook
                remember(exercise.id, exercise.answer_name, answer)
            outcome["success_message"] = _success_message(exercise, answer, sign)
    finally:
        sign.remove()
    return Result(
        **outcome,
        exercise=exercise.id,
        version=__version__,
        seed=seed,
        seconds=time.perf_counter() - start,
    )


def _check(
    exercise: Exercise, answer: Any, seed: int, sign: RunningSign, time_limits: tuple[float, float]
) -> dict[str, Any]:
    """Run the checks and return the state and its explanation, as fields of `Result`."""
    if is_stub(answer):
        return {"state": NOT_ATTEMPTED}
    if exercise.is_function and (failed := _not_the_function(exercise, answer)):
        return failed
    results = CaseResults()
    call = time_limit.TimeLimitedCall(
        lambda: results.run(exercise, answer, seed, lambda: call.timed_out),
        *time_limits,
        sign.show,
    )
    status = call.run()
    if results.first_failure is None and status != "done":
        return _timeout(exercise, results.current, status, time_limits[0])
    if results.first_failure is None:
        if call.error is not None:  # the error of a broken exercise, not of the answer
            raise call.error
        return {"state": CORRECT}
    case, failure = results.first_failure
    if failure.reason == "unwritten" and len(results.outcomes) == 1:
        return {"state": NOT_ATTEMPTED}
    return {
        "state": NOT_YET,
        "property": case.property.description,
        "input": _named_arguments(exercise, case),
        "got": failure.got,
        "expected": failure.expected,
        "quantity": failure.quantity,
        "cause": usual_cause(exercise, answer, results, seed),
    }


def _cell_error(exercise: Exercise, answer: Any, error: str) -> dict[str, Any]:
    """Return the outcome, as fields of `Result`, of an answer whose cell ended in an error."""
    name = exercise.answer_name
    key = "no_error_stub" if is_stub(answer) else "no_error"
    known = {**exercise.cell_errors, **message_section("cell_errors")}
    causes = [cause for part, cause in known.items() if part in error]
    return {
        "state": NOT_YET,
        "property": format_message("properties", "cell_runs", name=name),
        "got": error,
        "expected": format_message("properties", key, name=name),
        "cause": causes[0] if causes else message_section("causes")["cell_error"],
    }


def _not_the_function(exercise: Exercise, answer: Any) -> dict[str, Any] | None:
    """Return the outcome of an answer that is no function, or one with other parameters."""
    name, signature = exercise.answer_name, parameters(answer)
    if not callable(answer):
        key, got = "is_function", f"{name} of the type {type(answer).__name__}"
    elif signature is not None and not _can_bind(signature, exercise.parameter_names):
        key, got = "has_parameters", f"{name}({', '.join(signature.parameters)})"
    else:
        return None
    return {
        "state": NOT_YET,
        "property": message_section("properties")[key],
        "got": got,
        "expected": exercise.signature,
        "cause": format_message("causes", key, id=exercise.id, name=name),
    }


def _can_bind(signature: inspect.Signature, arguments: list[str]) -> bool:
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True


def _timeout(
    exercise: Exercise, case: Case | None, status: str, cpu_limit: float
) -> dict[str, Any]:
    """Return the outcome, as fields of `Result`, of an answer that was stopped or abandoned."""
    causes = [
        mistake.cause
        for mistake in exercise.common_mistakes
        if mistake.times_out
        and case is not None
        and (mistake.matches is None or mistake.matches(None, *case.arguments))
    ]
    return {
        "state": NOT_YET,
        "property": format_message("properties", "returns_in_time", limit=f"{cpu_limit:g}"),
        "input": None if case is None else _named_arguments(exercise, case),
        "cause": causes[0] if causes else message_section("causes")[status],
    }


def _named_arguments(exercise: Exercise, case: Case) -> dict[str, Any] | None:
    """Return copies of the case's arguments by parameter name, so that learners may modify them."""
    if not case.arguments:
        return None
    names = exercise.case_names
    if len(names) != len(case.arguments):
        names = [f"argument {number}" for number in range(1, len(case.arguments) + 1)]
    return dict(zip(names, copy.deepcopy(case.arguments), strict=True))


def _success_message(exercise: Exercise, answer: Any, sign: RunningSign) -> str:
    """Return the exercise's success message for the answer; "" if it has none or times out."""
    make_message, messages = exercise.success_message, list[str]()
    if make_message is None:
        return ""
    status = time_limit.TimeLimitedCall(
        lambda: messages.append(make_message(answer)),
        *exercise.time_limits,
        sign.show,
    ).run()
    return messages[0] if status == "done" and messages else ""
