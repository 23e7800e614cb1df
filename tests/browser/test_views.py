"""Training, likelihoods, predictions, ledger, attention: narrow, wide, both themes, by keys."""

import re

import pytest
from playwright.sync_api import expect

from browser.layout_checks import inner_scrollbars, overlapping_controls, text_violations

CELLS = [
    "import microgpt as mg\ncorpus = mg.load_corpus('names-mini')",
    "monitor = mg.widgets.TrainingMonitor(mg.GPT(backend='numpy'), corpus, steps=1000)\nmonitor",
    "mg.widgets.TextLikelihood(monitor.wait().trainer, text='maximiliana')",
    "mg.learn.predict('00.x', 'Among how many letters?', (1, 10, 27))",
    "mg.widgets.ResidualLedger('names', text='kath')",
    "mg.widgets.EditableAttention('names', text='joh')",
    "mg.widgets.errors()",
]
PANELS = {
    "training-monitor": 1, "text-likelihood": 2, "prediction": 3, "residual-ledger": 4,
    "attention": 5,
}  # fmt: skip
LEDGER, ATTENTION, ERRORS = 4, 5, 6


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


def test_rows_of_the_ledger_open_by_click_and_by_key(notebook):
    panel, press = notebook.panel(LEDGER), notebook.page.keyboard.press
    row = panel.get_by_role("button", name="MLP 1")
    row.click()
    expect(row).to_have_attribute("aria-expanded", "true")
    expect(panel.get_by_text("59 more neurons")).to_be_visible()
    expect(row).to_be_focused()
    press("Enter")
    expect(row).to_have_attribute("aria-expanded", "false")
    expect(row).to_be_focused()
    press("Enter")
    expect(row).to_have_attribute("aria-expanded", "true")
    assert notebook.axe_violations(panel) == []


def test_the_size_follows_keys_on_its_sliders(notebook):
    panel = notebook.panel(LEDGER)
    panel.get_by_role("button", name="Size").click()
    expect(panel.get_by_text("4,192").first).to_be_visible()
    panel.get_by_role("slider", name="Layers slider").focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(panel.locator(".mg-fig").first).to_have_text("7,264")
    width = panel.get_by_role("spinbutton", name="Width")
    width.fill("18")
    width.press("Enter")
    expect(panel.locator(".mg-caption")).to_contain_text("cannot be shared out evenly among 4")
    assert notebook.axe_violations(panel) == []


def test_cells_of_attention_are_chosen_by_click_and_by_key(notebook):
    panel, press = notebook.panel(ATTENTION), notebook.page.keyboard.press
    number = {name: panel.get_by_role("spinbutton", name=name) for name in ("Row", "Column")}

    def cell(row, column):
        return panel.get_by_role("button", name=re.compile(f"row {row} .*column {column} "))

    cell(3, 2).click()
    expect(number["Row"]).to_have_value("3")
    expect(number["Column"]).to_have_value("2")
    chosen = panel.locator(".mg-cell.mg-chosen")
    expect(chosen).to_have_count(1)
    on_screen, button = chosen.bounding_box(), cell(3, 2).bounding_box()
    assert all(abs(on_screen[key] - button[key]) < 1 for key in on_screen)
    press("Tab")
    expect(cell(3, 3)).to_be_focused()
    press("Enter")
    expect(number["Column"]).to_have_value("3")
    expect(cell(3, 3)).to_be_focused()
    expect(panel.locator(".mg-steps")).to_contain_text("o looks at o, head 1")
    panel.get_by_role("button", name="mask before softmax").click()
    expect(panel.locator(".mg-cell.mg-chosen")).to_have_text("✕")
    panel.get_by_role("combobox", name="Head").select_option("all")
    expect(panel.get_by_role("combobox", name="Head")).to_have_value("all")
    expect(panel.locator(".mg-steps")).to_contain_text("head 1 (above: the mean of 4)")
    assert notebook.axe_violations(panel) == []
    notebook.screenshot("attention-cells", panel)


def test_no_error_inside(notebook):
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
    assert notebook.cell_errors() == []
