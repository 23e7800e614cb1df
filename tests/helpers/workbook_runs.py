"""What the tests of the workbook share: its names without a run, and runs as a program."""

import os
import subprocess
import sys

from microgpt.learn.workbook_sections import template


def namespace(text=None, **functions):
    """The global names of a workbook after its definitions, with some parts replaced."""
    names = {"__name__": "workbook"}
    exec(compile(text or template(), "workbook.py", "exec"), names)
    names.update(functions)
    return names


def run(path, **variables):
    """Run a workbook as its learner does, without Numba; return the process."""
    environment = {**os.environ, "MICROGPT_BACKEND": "numpy", "OMP_NUM_THREADS": "1", **variables}
    environment.pop("MICROGPT_DEBUG", None)
    return subprocess.run(
        [sys.executable, path.name],
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
    )


def short(text):
    """The text of a workbook that trains for only ten steps and makes up one name."""
    assert "losses = train()" in text
    return text.replace("losses = train()", "losses = train(10)").replace(
        "range(10)))", "range(1)))"
    )
