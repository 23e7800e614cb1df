"""The notebooks as people meet them: opened, run from top to bottom, saved, opened again."""

import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from browser.layout_checks import overlapping_controls, text_violations

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
MODEL_NOT_FOUND = "model not found"  # what JupyterLab shows for a view without its kernel


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(lab, request):
    """Each notebook as it is shipped, opened; the tests below take it on, one after the other."""
    with lab.open(request.param) as notebook:
        notebook.name = request.param.stem
        yield notebook


@pytest.fixture(scope="module")
def notebook_run(notebook):
    """The notebook after a run from top to bottom without a hand on it."""
    notebook.run_all()
    return notebook


@pytest.fixture(scope="module")
def reopened(lab, notebook_run):
    """The notebook saved after its run, closed, and opened again."""
    notebook_run.save()
    notebook_run.close()
    # A copy is trusted as well, since the content is what is signed, and has a kernel of its own.
    copy = notebook_run.path.with_name(f"again-{notebook_run.path.name}")
    shutil.copy(notebook_run.path, copy)
    with lab.open(copy.name) as notebook:
        yield notebook


def code_cells(notebook):
    """The indices of the code cells."""
    cells = nbformat.read(notebook.path, as_version=4).cells
    return [index for index, cell in enumerate(cells) if cell.cell_type == "code"]


def output_texts(notebook):
    """The visible text of every code cell's outputs, each scrolled to."""
    return [notebook.scroll_to(index).inner_text() for index in code_cells(notebook)]


def test_opened_but_not_run_it_shows_pictures_and_captions(notebook):
    notebook.page.wait_for_selector(".jp-OutputArea-output img")
    texts = output_texts(notebook)
    assert not any(MODEL_NOT_FOUND in text or "Error" in text for text in texts)
    assert any("Run this cell to use it." in text for text in texts)
    notebook.cell(0).evaluate("element => element.scrollIntoView()")
    notebook.screenshot(f"{notebook.name}-not-run")


def test_run_all_gives_no_error_and_every_view_is_alive(notebook_run):
    notebook = notebook_run
    for number, index in enumerate(code_cells(notebook)):
        outputs = notebook.scroll_to(index)
        assert MODEL_NOT_FOUND not in outputs.inner_text()
        if outputs.inner_text():  # the cell of an answer shows nothing
            notebook.screenshot(f"{notebook.name}-{number:02}", outputs)
        for panel in outputs.locator(".mg-host:has(.mg-picture)").all():
            expect(panel.locator(".mg-caption")).to_have_count(1)
            assert text_violations(panel) == []
            assert overlapping_controls(panel) == []
    assert notebook.cell_errors() == []


def test_axe_finds_no_serious_violation(notebook_run):
    violations = notebook_run.axe_violations(notebook_run.page.locator(".jp-OutputArea-output"))
    assert [one for one in violations if one.impact in ("serious", "critical")] == []


def test_saved_and_opened_again_it_shows_the_pictures(reopened):
    reopened.page.wait_for_selector(".jp-OutputArea-output img")
    texts = output_texts(reopened)
    assert not any(MODEL_NOT_FOUND in text for text in texts)
    assert any("Run this cell to use it." in text for text in texts)


def test_nothing_was_asked_of_the_network(lab):
    assert lab.outside_requests == []
