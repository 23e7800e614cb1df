"""The first difference between two notebooks."""

import nbformat
from course.notebook_diff import output_difference, source_difference


def one_cell(text="It fell.", picture="a", tags=()):
    data = {"text/plain": text} | ({"image/png": picture} if picture else {})
    output = nbformat.v4.new_output("display_data", data=data)
    cell = nbformat.v4.new_code_cell("1", id="x", outputs=[output], metadata={"tags": tags})
    return nbformat.v4.new_notebook(cells=[cell])


def test_outputs_are_compared_by_type_and_text():
    assert output_difference(one_cell(), one_cell(picture="b")) is None
    assert "outputs of other types" in output_difference(one_cell(), one_cell(picture=None))
    difference = output_difference(one_cell(), one_cell("It rose."))
    assert "'It rose.' in place of 'It fell.'" in difference
    assert output_difference(one_cell(), one_cell("It rose.", tags=["varies"])) is None


def test_cells_are_compared_with_their_source():
    empty = nbformat.v4.new_notebook()
    assert "the source does not have it" in source_difference(one_cell(), empty)
    collapsed = one_cell()
    collapsed.cells[0].metadata["jupyter"] = {"source_hidden": True}
    assert "in its collapsing" in source_difference(one_cell(), collapsed)
    assert "in its tags" in source_difference(one_cell(), one_cell(tags=["varies"]))
