"""Notebook 00 as a newcomer meets it: run, a model trained, and a key changes a picture."""

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

PATH = Path(__file__).parents[2] / "notebooks" / "00_start_here.ipynb"


@pytest.mark.smoke
def test_notebook_00_runs_and_a_key_changes_the_picture(lab):
    cells = nbformat.read(PATH, as_version=4).cells
    explorer, likelihood = (
        next(index for index, cell in enumerate(cells) if name in cell.source)
        for name in ("SamplingExplorer", "TextLikelihood")
    )
    with lab.open(PATH) as notebook:
        notebook.run_above(likelihood)  # until a first model is trained
        panel = notebook.panel(explorer)
        caption = panel.locator(".mg-caption")
        expect(caption).to_contain_text("At T = 1.00")
        before = panel.locator("svg").inner_html()
        panel.get_by_role("slider", name="Temperature slider").press("ArrowLeft")
        expect(caption).to_contain_text("At T = 0.95")
        assert panel.locator("svg").inner_html() != before
        assert notebook.cell_errors() == []
        assert notebook.errors == []
        assert lab.outside_requests == []
