"""What every worker does: it waits for a line, works for a moment, answers.

Commands and answers are lines of JSON on standard input and output. Between two blocks a worker
sleeps in the reading of a line, so that the others have the machine to themselves. This file needs
the standard library only, as peers run under a Python that may not have this package.
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

MAX_UNITS_PER_BLOCK = 2000  # enough for a median, few enough for a line


@dataclass
class Job:
    """A task made ready: `run_unit` is one unit of it, of `count` steps, tokens or characters.

    `run_unit` may return the seconds that count, where these are not all it takes, and may set
    `count`, the same each time. `first_call` is what a user would wait for first (by default a
    unit), and `warmup_units` come before any is timed. `loss` is the loss of the first batch now.
    """

    run_unit: Callable[[], float | None]
    count: float = 1
    first_call: Callable[[], Any] | None = None
    warmup_units: int = 1
    loss: Callable[[], float] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


def serve(prepare: Callable[[dict], Job]) -> None:
    """Answer the commands "prepare", "block" and "losses" until "end", or until there are none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    # What libraries print must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    jobs: list[Job] = []
    for line in sys.stdin:
        request = json.loads(line)
        if request["command"] == "end":
            return
        try:
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
        seconds = _time_block(jobs[0], request["seconds"])
        return {"seconds": seconds, "peak_memory_mib": peak_memory_mib()}
    if jobs[0].loss is None:
        raise ValueError("this job has no loss")
    before = jobs[0].loss()
    for _ in range(int(request["steps"] // jobs[0].count)):
        jobs[0].run_unit()
    return {"before": before, "after": jobs[0].loss()}


def _time_block(job: Job, seconds: float) -> list[float]:
    """The seconds of each unit: at least one, then as many as begin within `seconds`."""
    times: list[float] = []
    gc.collect()
    gc.disable()  # a collection takes long; cycles of this block are collected before the next
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
    """This process's peak resident memory in MiB; None where the system does not count it."""
    try:
        # On Linux `getrusage` counts what the parent held when it started this process, too; and
        # psutil, which peers' Pythons need not have, knows no peak there.
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
