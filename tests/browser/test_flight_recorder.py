"""The flight recorder in a real JupyterLab: its buttons, its time line, its cell run again."""

import re

import pytest
from playwright.sync_api import expect

CELLS = [
    "import microgpt as mg",
    "view = mg.widgets.FlightRecorder('story', steps=1_000_000, backend='numpy')\nview",
    "len(view.record), len(mg.widgets.errors())",
]
VIEW, LENGTH = 1, 2


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        for index in range(2):
            notebook.run_cell(index)
        yield notebook


def caption(notebook):
    return notebook.panel(VIEW).locator(".mg-caption")


def press(notebook, name):
    notebook.panel(VIEW).get_by_role("button", name=name, exact=True).click()


def type_step(box, number):
    """Type a step and press Enter, until no new snapshot's step was written over it before."""
    for _ in range(5):
        box.fill(number)
        box.press("Enter")
        if box.input_value() == number:
            return


def test_step_start_stop_and_the_cell_run_again(notebook):
    status = notebook.panel(VIEW).locator(".mg-status")
    expect(caption(notebook)).to_contain_text("Press Start.")
    page = notebook.page.evaluate("document.querySelector('.jp-Notebook').clientHeight")
    assert notebook.panel(VIEW).bounding_box()["height"] < page  # buttons and sentence together
    press(notebook, "Step")
    expect(caption(notebook)).to_contain_text("At step 1 the loss")
    press(notebook, "Step")
    expect(caption(notebook)).to_contain_text("At step 2 the loss")
    press(notebook, "Go on")
    expect(status).to_contain_text("running")
    expect(caption(notebook)).to_contain_text(re.compile(r"At step ([3-9]|\d\d)"))
    box = notebook.panel(VIEW).get_by_role("spinbutton", name="step")
    scrolled = notebook.scroll_top()
    type_step(box, "1")
    expect(caption(notebook)).to_contain_text("At step 1 the loss")  # while it runs on
    expect(status).to_contain_text("running")
    expect(status).to_contain_text(re.compile(r"about [\d,]+ (min|h) left"))
    box.press("ArrowUp")
    expect(caption(notebook)).to_contain_text("At step 2 the loss")
    handle = notebook.panel(VIEW).get_by_role("slider")
    handle.press("ArrowRight")
    expect(caption(notebook)).to_contain_text("At step 3 the loss")
    expect(box).to_have_value("3")
    box.fill("11")
    box.press("Enter")
    expect(caption(notebook)).to_contain_text(
        "There is no snapshot at step 11; the nearest is this. At step"
    )
    assert notebook.scroll_top() == scrolled
    assert notebook.axe_violations(notebook.panel(VIEW)) == []
    notebook.run_cell(VIEW)
    status = notebook.panel(VIEW).locator(".mg-status")
    expect(status).to_contain_text("paused")
    press(notebook, "Stop")
    expect(status).to_contain_text("stopped")
    notebook.run_cell(LENGTH)
    expect(notebook.outputs(LENGTH)).to_contain_text(re.compile(r"\(\d+, 0\)"))
    assert notebook.cell_errors() == []
