"""The command loop of every worker: read a command, run it, write the answer.

Commands and answers are lines of JSON on standard input and output. Between blocks a worker blocks
on reading the next line, so that the others have the machine to themselves. This file imports the
standard library only, since peers run in a Python that may not have this package.
"""

import gc
import json
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MAX_UNITS_PER_BLOCK = 2000  # enough for a median, few enough for one line of JSON


@dataclass
class Job:
    """A prepared task: `run_unit` runs one unit of `count` steps, tokens or characters.

    `run_unit` may return the seconds to record, if part of its time must not count, and may set
    `count`, to the same number each time. `first_call` is the first thing a user waits for (by
    default one unit); `warmup_units` run before timing. `loss` returns the current loss of the
    first batch.
    """

    run_unit: Callable[[], float | None]
    count: float = 1
    first_call: Callable[[], Any] | None = None
    warmup_units: int = 1
    loss: Callable[[], float] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


def serve(
    prepare: Callable[[dict], Job], used_instructions: Callable[[dict], dict[str, str]]
) -> None:
    """Answer "prepare", "block", "losses" and "instructions" until "end" or the input's end.

    `used_instructions(task)` returns which SIMD instructions each library of a task uses.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    # Redirect standard output to standard error: libraries' prints must not mix with answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    jobs: list[Job] = []
    for line in sys.stdin:
        request = json.loads(line)
        if request["command"] == "end":
            return
        try:
            if request["command"] == "instructions":
                answer: dict[str, Any] = {"used": used_instructions(request["task"])}
            else:
                answer = _answer(request, prepare, jobs)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _answer(request: dict, prepare: Callable[[dict], Job], jobs: list[Job]) -> dict:
    if request["command"] == "prepare":
        jobs.clear()
        gc.collect()
        job = prepare(request["task"])
        jobs.append(job)
        if request.get("only_prepare"):
            return {"metadata": _metadata(job)}
        start = time.perf_counter()
        (job.first_call or job.run_unit)()
        first_call = time.perf_counter() - start
        for _ in range(min(job.warmup_units, request.get("warmup_units", job.warmup_units))):
            job.run_unit()
        return {
            "first_call": first_call,
            "count": job.count,
            "metadata": _metadata(job),
            "peak_memory_mib": peak_memory_mib(),
        }
    if request["command"] == "block":
        seconds = time_block(jobs[0], request["seconds"])
        return {"seconds": seconds, "peak_memory_mib": peak_memory_mib()}
    if jobs[0].loss is None:
        raise ValueError("this job has no loss")
    before = jobs[0].loss()
    for _ in range(int(request["steps"] // jobs[0].count)):
        jobs[0].run_unit()
    return {"before": before, "after": jobs[0].loss()}


def time_block(job: Job, seconds: float) -> list[float]:
    """Run at least one unit, and all that start within `seconds`; return the seconds of each."""
    times: list[float] = []
    gc.collect()
    gc.disable()  # a collection would distort a unit; garbage waits until the next block
    try:
        end = time.perf_counter() + seconds
        while not times or (len(times) < MAX_UNITS_PER_BLOCK and time.perf_counter() < end):
            start = time.perf_counter()
            counted = job.run_unit()
            times.append(time.perf_counter() - start if counted is None else counted)
    finally:
        gc.enable()
    return times


def _metadata(job: Job) -> dict[str, Any]:
    return {"python": platform.python_version(), **job.metadata}


def peak_memory_mib() -> float | None:
    """Return this process's peak resident memory in MiB; None if the system does not report it."""
    try:
        # On Linux `getrusage` includes the parent's memory at the fork. psutil has no peak there,
        # and the peers' Python may not have psutil.
        with open("/proc/self/status", encoding="ascii") as status:
            kib = next(line for line in status if line.startswith("VmHWM:")).split()[1]
            return int(kib) / 2**10
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    maxrss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return maxrss / 2**20 if sys.platform == "darwin" else maxrss / 2**10
