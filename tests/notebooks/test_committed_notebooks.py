"""Every notebook is what its source makes, keeps the course's rules, and runs on any corpus."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from course import build_command, execution, output_cleaning, percent_source
from course.rules import RULES, concepts, numbers, page

TESTS = Path(__file__).parents[1]
NOTEBOOKS = sorted(percent_source.NOTEBOOKS.glob("*.ipynb"))
CORPORA = sorted((TESTS / "corpora").glob("*.txt"))
STARTUP = {"PYTHONPATH": str(TESTS / "notebook_startup")}
ENTRIES = page.declarations("numbers.toml")
long = pytest.mark.timeout(900)  # a notebook may train for two minutes on a quiet machine
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_there_are_notebooks_and_corpora():
    assert [path.stem for path in NOTEBOOKS] == percent_source.source_names([])
    assert [path.stem for path in CORPORA] == ["cyrillic", "french", "lines"]


@each_notebook
@pytest.mark.slow
@long
def test_it_is_what_its_source_makes(path):
    assert build_command.find_difference(path.stem) is None


@each_notebook
def test_the_committed_copy_is_clean(path):
    content = path.read_bytes()
    assert output_cleaning.is_clean(content, path.stem), "run make notebooks"
    assert b"widget-view" not in content


@each_notebook
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_it_keeps_the_rule(path, rule):
    assert rule(page.load_page(path)) == []


@pytest.mark.parametrize(
    "entry", ENTRIES.get("number", []), ids=lambda entry: f"{entry['notebook']}:{entry['text']}"
)
def test_the_number_is_what_its_expression_gives(entry):
    import microgpt as mg

    with mg.using("numpy"):
        assert numbers.value_error(entry) is None


def test_the_toml_files_are_complete_and_about_notebooks():
    names = {path.stem for path in NOTEBOOKS}
    for table, entries in ENTRIES.items():
        for entry in entries:
            assert numbers.field_error(table, entry) is None
            assert entry["notebook"] in names
    for term, entry in page.declarations("concepts.toml").items():
        assert set(entry) >= concepts.REQUIRED_FIELDS, term
        assert set(entry) <= concepts.REQUIRED_FIELDS | concepts.OPTIONAL_FIELDS, term
        assert set(entry["taught"]) <= names, term


def test_the_core_terms_are_those_of_a_paper():
    core = {term for term, entry in page.declarations("concepts.toml").items() if "core" in entry}
    assert core == {
        "probability", "negative log-likelihood", "cross-entropy loss", "perplexity",
        "learning rate", "parameter", "held-out (validation) set", "overfitting", "gradient",
    }  # fmt: skip


def on_other_corpus(path, corpus):
    """The notebook of a source, with the bundled names and their model replaced."""
    notebook = percent_source.read_source(percent_source.SOURCES / f"{path.stem}.py")
    pretrained = f"__import__('other_corpus').pretrained({str(corpus)!r})"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for old, new in (
                ('mg.load_corpus("names-mini")', f"mg.load_corpus({str(corpus)!r})"),
                ('mg.load_pretrained("names")', pretrained),
            ):
                cell.source = cell.source.replace(old, new)
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.stem)
@pytest.mark.slow
@long
def test_it_runs_on_another_corpus_without_numba_and_tiktoken(path, corpus):
    notebook = on_other_corpus(path, corpus)
    execution.execute(notebook, path.stem, {"MICROGPT_BACKEND": "numpy", **STARTUP})
    assert all("outputs" in cell for cell in notebook.cells if cell.cell_type == "code")


@each_notebook
@pytest.mark.slow
@long
def test_it_runs_on_the_fast_kernels(path):
    notebook = percent_source.read_source(percent_source.SOURCES / f"{path.stem}.py")
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
