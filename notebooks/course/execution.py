"""Runs a notebook in a kernel of its own, in a temporary folder."""

import os
import tempfile
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from microgpt.errors import FormatError

UNSET_VARIABLES = ("MICROGPT_DATA", "MICROGPT_POISON", "MICROGPT_DEBUG", "PYTHONWARNINGS")
CELL_TIMEOUT = 120  # seconds

# A view never raises: the errors that callbacks recorded are raised at the end.
LAST_CELL = """\
import sys
if "microgpt.widgets" in sys.modules and (errors := sys.modules["microgpt.widgets"].errors()):
    raise RuntimeError("; ".join(errors))
"""


def execute(notebook: Any, name: str, environment: dict[str, str] | None = None) -> None:
    """Run every cell of `notebook` in place; FormatError names a cell that raises or warns.

    It runs as for a newcomer, with no kernel compiled and therefore on NumPy, unless
    MICROGPT_BACKEND is set.
    """
    variables = {key: value for key, value in os.environ.items() if key not in UNSET_VARIABLES}
    # Two notebooks may run at once, and threads of a BLAS that wait would take each other's cores.
    variables |= {"OPENBLAS_NUM_THREADS": "1"} | (environment or {})
    executed: list[str] = []
    notebook.cells.append(nbformat.v4.new_code_cell(LAST_CELL, id="after-all-views"))
    with tempfile.TemporaryDirectory() as folder:
        if "MICROGPT_BACKEND" not in variables:
            variables["MICROGPT_CACHE"] = os.path.join(folder, "cache")
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            coalesce_streams=True,
            store_widget_state=False,
            extra_arguments=["--log-level=40"],  # no notice about the transport for each kernel
            on_cell_execute=lambda cell, cell_index: executed.append(cell.id),
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute(env=variables)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            problem = f"took more than {CELL_TIMEOUT} seconds"
            if isinstance(error, CellExecutionError):
                problem = f"raised {error.ename}: {error.evalue}"
            elif isinstance(error, DeadKernelError):
                problem = "ended its kernel"
            raise FormatError(
                f"{name}, cell {executed[-1]!r} {problem}; mend it and build again"
            ) from None
        finally:
            notebook.cells.pop()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                text = " ".join(output.text.split())[:200]
                raise FormatError(f"{name}, cell {cell.id!r} writes to stderr: {text}")
