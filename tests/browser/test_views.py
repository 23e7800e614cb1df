"""The training monitor, likelihoods and predictions: narrow and wide, both themes."""

import pytest
from playwright.sync_api import expect

from browser.layout_checks import inner_scrollbars, overlapping_controls, text_violations

CELLS = [
    "import microgpt as mg\ncorpus = mg.load_corpus('names-mini')",
    "monitor = mg.widgets.TrainingMonitor(mg.GPT(backend='numpy'), corpus, steps=1000)\nmonitor",
    "mg.widgets.TextLikelihood(monitor.wait().trainer, text='maximiliana')",
    "mg.learn.predict('00.x', 'Among how many letters?', (1, 10, 27))",
    "mg.widgets.errors()",
]
PANELS = {"training-monitor": 1, "text-likelihood": 2, "prediction": 3}
ERRORS = 4


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        for index in range(ERRORS):
            notebook.run_cell(index)
        yield notebook


# The narrowest that a panel becomes, and beside the usual width of a notebook's column.
@pytest.mark.parametrize("width", [512, 720])
@pytest.mark.parametrize("name", PANELS)
def test_any_width(notebook, name, width):
    panel = notebook.panel(PANELS[name])
    panel.evaluate("(element, width) => element.style.width = width + 'px'", width)
    try:
        violations = text_violations(panel) + overlapping_controls(panel) + inner_scrollbars(panel)
        caption, card = (panel.locator(part).bounding_box() for part in (".mg-caption", ".mg-card"))
        if caption["y"] + caption["height"] > card["y"] + card["height"] + 1:
            violations.append("the caption is cut off")
        notebook.screenshot(f"{name}-{width}", panel)
        assert violations == []
    finally:
        panel.evaluate("element => element.style.width = ''")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_readable_on_a_projector(notebook, dark):
    theme, violations = "dark" if dark else "light", []
    with notebook.on_a_projector(dark):
        for name, index in PANELS.items():
            panel = notebook.panel(index)
            notebook.screenshot(f"projector-{name}-{theme}")
            violations += text_violations(panel) + overlapping_controls(panel)
    assert violations == []


def test_no_error_inside(notebook):
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
    assert notebook.cell_errors() == []
