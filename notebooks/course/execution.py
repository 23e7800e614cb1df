"""Running a notebook in a kernel of its own, in a folder that is thrown away."""

import os
import tempfile
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from microgpt.errors import FormatError

UNWANTED = ("MICROGPT_DATA", "MICROGPT_POISON", "MICROGPT_DEBUG", "PYTHONWARNINGS")
SECONDS = 120

# A view never raises: what went wrong inside one is asked for at the end.
LAST_CELL = """\
import sys
if "microgpt.widgets" in sys.modules and (errors := sys.modules["microgpt.widgets"].errors()):
    raise RuntimeError("; ".join(errors))
"""


def execute(notebook: Any, name: str, environment: dict[str, str] | None = None) -> None:
    """Run every cell of `notebook` in place; a cell that raises or warns is named in one sentence.

    It runs as for a newcomer, with no kernel compiled and therefore on NumPy, unless
    MICROGPT_BACKEND is set.
    """
    settings = {key: value for key, value in os.environ.items() if key not in UNWANTED}
    settings |= environment or {}
    begun: list[str] = []
    notebook.cells.append(nbformat.v4.new_code_cell(LAST_CELL, id="after-all-views"))
    with tempfile.TemporaryDirectory() as folder:
        if "MICROGPT_BACKEND" not in settings:
            settings["MICROGPT_CACHE"] = os.path.join(folder, "cache")
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            kernel_name="python3",
            coalesce_streams=True,
            store_widget_state=False,
            extra_arguments=["--log-level=40"],  # no notice about the transport for each kernel
            on_cell_execute=lambda cell, cell_index: begun.append(cell.id),
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute(env=settings)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            why = f"took more than {SECONDS} seconds"
            if isinstance(error, CellExecutionError):
                why = f"raised {error.ename}: {error.evalue}"
            elif isinstance(error, DeadKernelError):
                why = "ended its kernel"
            raise FormatError(
                f"{name}, cell {begun[-1]!r} {why}; mend it and build again"
            ) from None
        finally:
            notebook.cells.pop()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                said = " ".join(output.text.split())[:200]
                raise FormatError(f"{name}, cell {cell.id!r} writes to stderr: {said}")
