"""`run_stages`: one stage after the other, each in its own process, within a number of minutes."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from microgpt.backends import numba_cuda
from microgpt.benchmark.gpu.report import GpuReport
from microgpt.benchmark.gpu.rows import WRONG
from microgpt.benchmark.gpu.stages import STAGES
from microgpt.benchmark.worker_process import PACKAGE, WorkerFailed, WorkerProcess

DONE, FAILED, STOPPED = "done", "failed", "stopped"
MIN_SECONDS = 5.0  # a stage is not begun with less
CLEARED = "MICROGPT_POISON", "MICROGPT_DEBUG", "MICROGPT_BACKEND"  # variables of the environment


def run_stages(
    report: GpuReport,
    names: list[str],
    minutes: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[str, str]]:
    """Run stages, and write the report after each; yield its name and its state.

    Those for which no time is left are not begun, and not yielded. `clock` returns seconds.
    """
    end = clock() + 60 * minutes
    with tempfile.TemporaryDirectory(prefix="microgpt-gpu-") as folder:
        for name in names:
            seconds = min(STAGES[name].seconds, end - clock())
            if seconds < MIN_SECONDS:
                return
            start = clock()
            result = run_stage(name, seconds, Path(folder), clock)
            result |= {
                "seconds": round(clock() - start, 1),
                "is_emulated": numba_cuda.is_emulated(),
            }
            report.stages[name] = result
            report.write()
            yield name, result["state"]


def run_stage(
    name: str, seconds: float, folder: Path, clock: Callable[[], float] = time.monotonic
) -> dict[str, Any]:
    """Run one stage for so many seconds at most; return its state, its rows and its error."""
    rows: list[dict[str, Any]] = []
    state, error, end = DONE, "", clock() + seconds
    try:
        with WorkerProcess(_command(name), _environment(name), folder / f"{name}.log") as process:
            while True:
                process.timeout = max(end - clock(), 0.0)
                row = process.call("next")["row"]
                if row is None:
                    break
                rows.append(row)
    except WorkerFailed as failure:
        is_late = clock() >= end
        state, error = (STOPPED if is_late else FAILED), str(failure)
        if is_late:
            error = f"its {seconds:.0f} seconds are over"
    if state == DONE and any(row["state"] == WRONG for row in rows):
        state = WRONG
    return {"state": state, "error": error, "rows": rows}


def _command(name: str) -> list[str]:
    return [sys.executable, "-P", "-m", "microgpt.benchmark.gpu.stage_process", name]


def _environment(name: str) -> dict[str, str]:
    kept = {key: text for key, text in os.environ.items() if key not in CLEARED}
    paths = [str(PACKAGE), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)} | STAGES[name].environment
