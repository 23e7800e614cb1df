"""From a source in percent format to a notebook's cells."""

import pytest
from course import percent_source
from notebook_sources import FILE_NAME, edit_source, write_source

from microgpt.errors import FormatError


@pytest.fixture
def folder(tmp_path):
    return write_source(tmp_path)


def test_a_source_has_cells_with_ids_tags_and_notes(folder):
    notebook = percent_source.read_source(folder / "src" / FILE_NAME)
    assert [(cell.id, cell.cell_type, cell.metadata.tags) for cell in notebook.cells] == [
        ("can-it-count", "markdown", []),
        ("can-it-count-2", "code", []),
        ("your-turn", "markdown", []),
        ("predict-00-count", "code", ["predict:00.count"]),
        ("answer-00-count", "code", ["answer:00.count"]),
        ("your-turn-4", "code", ["varies"]),
    ]
    # The answer's code is hidden: it would tell the answer.
    collapsed = [percent_source.is_collapsed(cell) for cell in notebook.cells]
    assert collapsed == [False, False, False, False, True, False]
    assert notebook.cells[4].metadata.jupyter == {"source_hidden": True}
    assert notebook.cells[0].source == "# Can it count?\n\nIt can."
    assert notebook.cells[0].metadata.notes == ["measured: five seeds"]
    assert notebook.cells[3].source == "2 + 1"
    assert notebook.cells[3].metadata.notes == ["misconception: two comes first", "answer: 3"]
    assert percent_source.source_names(["00"], folder / "src") == ["00_test"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("## Your turn", "# Can it count?", "two cells would be called 'can-it-count'"),
        ("2 + 1\n", "", "cell 4 is empty"),
        ("# %% [markdown]\n# ## Your", "# %% [raw]\n# ## Your", "cell 3: a raw cell"),
    ],
)
def test_a_source_that_cannot_be_read(folder, old, new, message):
    edit_source(folder, old, new)
    with pytest.raises(FormatError, match=message):
        percent_source.read_source(folder / "src" / FILE_NAME)
