"""Every notebook is what its source makes, keeps the course's rules, and runs on any corpus."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "notebooks"))

from course import building, cleaning, execution, numbers, page, reporting, source

TESTS = Path(__file__).parent
NOTEBOOKS = sorted(source.NOTEBOOKS.glob("*.ipynb"))
CORPORA = sorted((TESTS / "corpora").glob("*.txt"))
STARTUP = {"PYTHONPATH": str(TESTS / "notebook_startup")}
DECLARED = page.declared("numbers.toml")
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_there_are_notebooks_and_corpora():
    assert [path.stem for path in NOTEBOOKS] == source.names([])
    assert [path.stem for path in CORPORA] == ["cyrillic", "french", "lines"]


@each
@pytest.mark.slow
def test_it_is_what_its_source_makes(path):
    assert building.difference(path.stem) is None


@each
def test_the_committed_copy_is_clean(path):
    content = path.read_bytes()
    assert cleaning.untidy(content, path.stem) == []
    assert b"widget-view" not in content


@each
@pytest.mark.parametrize("rule", reporting.RULES, ids=lambda rule: rule.__name__)
def test_it_keeps_the_rule(path, rule):
    assert rule(page.load(path)) == []


@pytest.mark.parametrize(
    "entry", DECLARED.get("number", []), ids=lambda entry: f"{entry['notebook']}:{entry['text']}"
)
def test_the_number_is_what_its_expression_gives(entry):
    import microgpt as mg

    with mg.using("numpy"):
        assert numbers.disagreement(entry) is None


def test_what_is_declared_is_complete_and_of_a_notebook():
    known = {path.stem for path in NOTEBOOKS}
    for kind, entries in DECLARED.items():
        for entry in entries:
            assert numbers.incomplete(kind, entry) is None
            assert entry["notebook"] in known
    for term, entry in page.declared("concepts.toml").items():
        assert set(entry) == {"taught", "meaning"}, term
        assert set(entry["taught"]) <= known, term


def on_other_corpus(path, corpus):
    """The notebook of a source, with the bundled names and their model replaced."""
    notebook = source.read(source.SOURCES / f"{path.stem}.py")
    pretrained = f"__import__('other_corpus').pretrained({str(corpus)!r})"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for text, other in (
                ('mg.load_corpus("names-mini")', f"mg.load_corpus({str(corpus)!r})"),
                ('mg.load_pretrained("names")', pretrained),
            ):
                cell.source = cell.source.replace(text, other)
    return notebook


@each
@pytest.mark.parametrize("corpus", CORPORA, ids=lambda path: path.stem)
@pytest.mark.slow
def test_it_runs_on_another_corpus_without_numba_and_tiktoken(path, corpus):
    notebook = on_other_corpus(path, corpus)
    execution.execute(notebook, path.stem, {"MICROGPT_BACKEND": "numpy", **STARTUP})
    assert all("outputs" in cell for cell in notebook.cells if cell.cell_type == "code")


@each
@pytest.mark.slow
def test_it_runs_on_the_fast_kernels(path):
    notebook = source.read(source.SOURCES / f"{path.stem}.py")
    execution.execute(notebook, path.stem, {"MICROGPT_BACKEND": "numba"})
    for cell in notebook.cells:
        if cell.cell_type == "code" and not any(":" in tag for tag in cell.metadata.tags):
            assert cell.outputs, cell.id


def test_numba_and_tiktoken_are_absent_there():
    code = """
import importlib.metadata, importlib.util
for name in ("numba", "llvmlite", "tiktoken"):
    assert importlib.util.find_spec(name) is None
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        continue
    raise SystemExit(name)
assert importlib.metadata.version("numpy")
import microgpt, other_corpus
try:
    microgpt.use("numba")
except microgpt.BackendUnavailable:
    raise SystemExit(0)
raise SystemExit("numba was found")
"""
    environment = {**os.environ, **STARTUP}
    environment.pop("MICROGPT_BACKEND", None)
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert result.returncode == 0, result.stderr.decode()
