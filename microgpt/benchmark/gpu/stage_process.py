"""The process of one stage: for each line on its standard input, the stage's next row.

A GPU's error ends all work of the process that made it, so the next stage gets a new one.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any

from microgpt import backends
from microgpt.backends import numba_cuda
from microgpt.benchmark.gpu.rows import NOTE, Row
from microgpt.benchmark.gpu.stages import STAGES


def stage_rows(name: str) -> Iterator[Row]:
    """Yield what a stage finds, on small sizes if the device is the emulated one."""
    is_emulated = numba_cuda.is_emulated()
    if STAGES[name].is_timed and is_emulated:
        yield Row("speed", NOTE, "emulated: nothing is timed")
        return
    backends.use("numpy")
    yield from importlib.import_module(f"microgpt.benchmark.gpu.{name}").rows(is_emulated)


def serve(name: str) -> None:
    """Answer each line of standard input with the next row, as JSON, until there is none left."""
    # Standard output becomes standard error: what libraries print must not mix with answers.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        rows = stage_rows(name)
        for _ in sys.stdin:
            answers.write(json.dumps(_answer(rows)) + "\n")
            answers.flush()


def _answer(rows: Iterator[Row]) -> dict[str, Any]:
    try:
        row = next(rows, None)
    except Exception as error:
        traceback.print_exc()
        return {"error": error_text(error)}
    return {"row": None if row is None else row.to_dict()}


def error_text(error: Exception) -> str:
    """Return an error on one line; compilers write pages, of which the beginning is kept."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:600]}"


if __name__ == "__main__":
    serve(sys.argv[1])
