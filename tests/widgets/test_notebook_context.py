"""Outside a notebook there is no cell."""

from microgpt.widgets.notebook_context import current_cell


def test_outside_a_notebook_no_cell_runs():
    assert current_cell() is None
