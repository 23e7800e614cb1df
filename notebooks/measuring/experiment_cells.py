"""The functions of a notebook's experiments, for measuring what its readers run."""

import contextlib
import io
from pathlib import Path
from types import SimpleNamespace

from course.percent_source import SOURCES, read_source

TAGS = {"imports", "experiment"}


def experiment_cells(name: str, folder: Path = SOURCES) -> SimpleNamespace:
    """Run the cells of a notebook's source tagged `imports` or `experiment`; return their names."""
    namespace: dict = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in read_source(folder / f"{name}.py").cells:
            if cell.cell_type == "code" and TAGS & set(cell.metadata.tags):
                exec(cell.source, namespace)  # our own file, as trusted as this one
    return SimpleNamespace(**namespace)
