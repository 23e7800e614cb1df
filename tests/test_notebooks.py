"""Every notebook runs from top to bottom, and what is committed can be read without running."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
names = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def streams(notebook):
    """What the notebook's cells print, as one text."""
    return "".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


@names
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_it_runs_and_shows_what_is_committed(path, backend, monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGPT_BACKEND", backend)
    monkeypatch.setenv("MICROGPT_POISON", "0")
    notebook = nbformat.read(path, as_version=4)
    committed = streams(notebook)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output
    if backend == "numba":
        assert streams(notebook) == committed


@names
def test_the_committed_copy_is_clean(path):
    text = path.read_text("utf-8")
    assert len(text) < 500_000
    notebook = json.loads(text)
    nbformat.validate(nbformat.from_dict(notebook))
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert "widget-view" not in text
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell in code:
        assert cell["execution_count"] is None
        assert cell["outputs"], "a cell shows something"
        assert len("".join(cell["source"]).splitlines()) <= 15
    assert sum(cell["cell_type"] == "markdown" for cell in notebook["cells"]) >= len(code)


BANNED = r"\b(simply|just|obviously|clearly|of course|easy|trivial|basically|magic)\b|!"


@names
def test_prose_keeps_the_course_rules(path):
    notebook = nbformat.read(path, as_version=4)
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert sum(source.startswith("# ") for source in prose) == 1
    assert sum(len(source.split()) for source in prose) <= 1800
    for source in prose:
        assert len(source.split()) <= 90
        assert not re.search(BANNED, source, re.IGNORECASE), source
        for sentence in re.split(r"(?<=[.?:;])\s+|\n\n", source):
            assert len(sentence.split()) <= 30, sentence
