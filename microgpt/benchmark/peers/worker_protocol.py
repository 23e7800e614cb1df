"""What every contender does with its time: it waits for a line, works for a moment, answers.

Requests and answers are lines of JSON on standard input and output. Between two blocks a contender
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

MOST_UNITS = 2000  # of one block: enough for a median, few enough for a line


@dataclass
class Job:
    """A contender's work: `unit` is one piece of it, which yields `count` steps, tokens or letters.

    `unit` may return the seconds that count, where these are not all it takes, and may set `count`,
    the same each time. `first` is the first piece a user would wait for (by default a unit), and
    `warm` how many units come before any is timed. `loss` is the loss of the first batch now.
    """

    unit: Callable[[], float | None]
    count: float = 1
    first: Callable[[], Any] | None = None
    warm: int = 1
    loss: Callable[[], float] | None = None
    about: dict[str, Any] = field(default_factory=dict)


def serve(prepare: Callable[[dict], Job]) -> None:
    """Answer requests until there are no more: "prepare", "block", "losses" and "end"."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this ends it
    # What libraries print must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    jobs: list[Job] = []
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "end":
            return
        try:
            answer = _answer(request, prepare, jobs)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _answer(request: dict, prepare: Callable[[dict], Job], jobs: list[Job]) -> dict:
    if request["do"] == "prepare":
        jobs.clear()
        gc.collect()
        job = prepare(request["task"])
        jobs.append(job)
        if request.get("wait"):
            return {"about": _about(job)}
        begun = time.perf_counter()
        (job.first or job.unit)()
        first = time.perf_counter() - begun
        for _ in range(min(job.warm, request.get("warm", job.warm))):
            job.unit()
        return {"first": first, "count": job.count, "about": _about(job), "peak": peak_memory()}
    if request["do"] == "block":
        return {"seconds": _block(jobs[0], request["seconds"]), "peak": peak_memory()}
    if jobs[0].loss is None:
        raise ValueError("this job has no loss")
    before = jobs[0].loss()
    for _ in range(int(request["steps"] // jobs[0].count)):
        jobs[0].unit()
    return {"before": before, "after": jobs[0].loss()}


def _block(job: Job, seconds: float) -> list[float]:
    """The seconds of each unit: at least one, then as many as begin within `seconds`."""
    taken: list[float] = []
    gc.collect()
    gc.disable()  # looking for cycles takes long; what a block leaves of them goes before the next
    try:
        end = time.perf_counter() + seconds
        while not taken or (len(taken) < MOST_UNITS and time.perf_counter() < end):
            begun = time.perf_counter()
            own = job.unit()
            taken.append(time.perf_counter() - begun if own is None else own)
    finally:
        gc.enable()
    return taken


def _about(job: Job) -> dict[str, Any]:
    return {"python": platform.python_version(), **job.about}


def peak_memory() -> float | None:
    """The most memory this process has held at once, in MiB; None where nobody counts it."""
    try:
        # Where it is: `getrusage` on Linux counts what the parent held when it started this one.
        with open("/proc/self/status", encoding="ascii") as status:
            kib = next(line for line in status if line.startswith("VmHWM:")).split()[1]
            return int(kib) / 2**10
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10
