"""The build of the notebooks: sources, execution, cleaning, and the comparison in --check."""

import json
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.append(str(Path(__file__).parent.parent / "notebooks"))

from course import building, cleaning, comparing, source

from microgpt.errors import FormatError

SOURCE = """\
# %% [markdown]
# # Can it count?
# source: measured: five seeds
#
# It can.

# %%
import warnings

print("one")
print("two")

# %% [markdown]
# ## Your turn

# %% tags=["predict:00.count"]
# source: misconception: two comes first
2 + 1

# %% tags=["varies"]
import os
os.path.basename(os.environ["MICROGPT_CACHE"]), os.getcwd()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "00_test.py").write_text(SOURCE, "utf-8")
    return tmp_path


def edit(folder, old, new):
    path = folder / "src" / "00_test.py"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_source_has_cells_with_names_tags_and_notes(folder):
    notebook = source.read(folder / "src" / "00_test.py")
    assert [(cell.id, cell.cell_type, cell.metadata.tags) for cell in notebook.cells] == [
        ("can-it-count", "markdown", []),
        ("can-it-count-2", "code", []),
        ("your-turn", "markdown", []),
        ("predict-00-count", "code", ["predict:00.count"]),
        ("your-turn-3", "code", ["varies"]),
    ]
    assert notebook.cells[0].source == "# Can it count?\n\nIt can."
    assert notebook.cells[0].metadata.notes == ["measured: five seeds"]
    assert notebook.cells[3].source == "2 + 1"
    assert notebook.cells[3].metadata.notes == ["misconception: two comes first"]
    assert source.names(["00"], folder / "src") == ["00_test"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("## Your turn", "# Can it count?", "two cells would be called 'can-it-count'"),
        ("2 + 1\n", "", "cell 4 is empty"),
        ("# %% [markdown]\n# ## Your", "# %% [raw]\n# ## Your", "cell 3: a raw cell"),
    ],
)
def test_a_source_that_cannot_be_read(folder, old, new, sentence):
    edit(folder, old, new)
    with pytest.raises(FormatError, match=sentence):
        source.read(folder / "src" / "00_test.py")


def test_build_check_and_what_differs(folder, capsys, monkeypatch):
    monkeypatch.delenv("MICROGPT_BACKEND", raising=False)
    assert building.main([], folder) == 0
    target = folder / "00_test.ipynb"
    assert f"{target} written" in capsys.readouterr().out
    content = target.read_bytes()
    assert cleaning.untidy(content, "00_test") == []
    assert b"source:" not in content
    notebook = json.loads(content)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    first, second, third = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    assert first["outputs"] == [
        {"name": "stdout", "output_type": "stream", "text": ["one\n", "two\n"]}
    ]
    assert second["metadata"] == {"tags": ["predict:00.count"]}
    assert second["outputs"][0]["data"] == {"text/plain": ["3"]}
    assert second["execution_count"] is None
    assert second["outputs"][0]["execution_count"] is None
    assert third["outputs"][0]["data"] == {"text/plain": [cleaning.WAITS]}  # it may tell

    # The folder it ran in had another name then: that cell is tagged `varies`.
    assert building.main(["--check"], folder) == 0
    target.write_bytes(content.replace(b'"two\\n"', b'"too\\n"'))
    assert building.main(["--check"], folder) == 1
    assert "('can-it-count-2') shows another text when it runs again: 'two' in place of 'too'" in (
        capsys.readouterr().err
    )
    target.write_bytes(content)
    edit(folder, "It can.", "It could.")
    assert building.main(["--check", "00"], folder) == 1
    assert "cell 1 ('can-it-count') differs from its source in its text" in capsys.readouterr().err
    (folder / "01_lost.ipynb").write_bytes(content)
    assert building.difference("01_lost", folder) == "01_lost: there is no src/01_lost.py"
    assert building.main(["7"], folder) == 1
    assert "no source begins with '7'; known: 00_test" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("1 / 0", "cell 'predict-00-count' raised ZeroDivisionError: division by zero; mend it"),
        ('warnings.warn("old")', "UserWarning: old"),
        ('warnings.warn("old")', "cell 'predict-00-count' writes to stderr"),
        ("import os; os._exit(1)", "cell 'predict-00-count' ended its kernel"),
        (
            "from microgpt.widgets.panel import _errors; _errors.append('It broke')",
            "Error: It broke;",
        ),
        ("object()", "shows the address 'at 0x"),
        ('"x" * 500_000', "bytes, more than 500,000"),
    ],
)
def test_a_cell_that_stops_the_build(folder, capsys, line, sentence):
    target = folder / "00_test.ipynb"
    target.write_bytes(b"old")
    edit(folder, "2 + 1", line)
    assert building.main([], folder) == 1
    assert sentence in capsys.readouterr().err
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in folder.iterdir()) == ["00_test.ipynb", "src"]


def test_clean_keeps_pictures_and_text_only():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}}
    text = {"text/plain": "It fell.", "text/html": "<b>"}
    outputs = [
        nbformat.v4.new_output("display_data", data=data, metadata={"width": 3})
        for data in (
            {"image/png": "cG5n", **text},
            {"image/svg+xml": "<svg>", **text, **view},
            view,
        )
    ]
    cell = nbformat.v4.new_code_cell("1", outputs=outputs, execution_count=7)
    cell.metadata = {"tags": ["varies"], "execution": {"iopub.status.busy": "2020"}}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {}})
    cleaned = cleaning.clean(notebook)
    (kept,) = cleaned.cells
    assert [set(output.data) for output in kept.outputs] == [
        {"image/png", "text/plain"},
        {"text/plain", "text/html"},
    ]
    assert all(output.metadata == {} for output in kept.outputs)
    assert (kept.execution_count, kept.metadata) == (None, {"tags": ["varies"]})
    assert set(cleaned.metadata) == {"kernelspec", "language_info"}
    assert cleaning.untidy(nbformat.writes(notebook).encode(), "00_test")


def test_outputs_are_compared_by_kind_and_text():
    def one(text="It fell.", picture="a", tags=()):
        data = {"text/plain": text} | ({"image/png": picture} if picture else {})
        output = nbformat.v4.new_output("display_data", data=data)
        cell = nbformat.v4.new_code_cell("1", id="x", outputs=[output], metadata={"tags": tags})
        return nbformat.v4.new_notebook(cells=[cell])

    same = comparing.output_difference
    assert same(one(), one(picture="b")) is None
    assert "other kinds of output" in same(one(), one(picture=None))
    assert "'It rose.' in place of 'It fell.'" in same(one(), one("It rose."))
    assert same(one(), one("It rose.", tags=["varies"])) is None
    shorter = nbformat.v4.new_notebook()
    assert "the source does not have it" in comparing.source_difference(one(), shorter)
    assert "in its tags" in comparing.source_difference(one(), one(tags=["varies"]))
