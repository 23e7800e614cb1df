"""The merge time machine in JupyterLab: boxes by click and by keys, merges by keys alone."""

import pytest
from playwright.sync_api import expect

CELLS = [
    "import microgpt as mg",
    "mg.widgets.MergeTimeMachine('the theme is unbelievable', merges=30)",
    "mg.widgets.errors()",
]
VIEW, ERRORS = 1, 2
BOXES = "[data-pick]"  # the tokens in the key are no boxes


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        for index in (0, VIEW):
            notebook.run_cell(index)
        yield notebook


def token(panel, number):
    return panel.locator(f"[data-pick='{number}']")


def test_a_click_opens_the_tree_of_a_box(notebook):
    panel = notebook.panel(VIEW)
    token(panel, 2).click()
    expect(panel.locator(".mg-caption")).to_contain_text(
        "In the outlined box, merge 1 glued “h” and “e”"
    )
    expect(panel.get_by_role("spinbutton", name="Token no.")).to_have_value("2")
    expect(token(panel, 2)).to_be_focused()
    expect(token(panel, 2)).to_have_attribute("aria-pressed", "true")
    assert notebook.axe_violations(panel) == []


def test_arrows_go_from_box_to_box(notebook):
    panel, press = notebook.panel(VIEW), notebook.page.keyboard.press
    token(panel, 2).click()
    press("ArrowRight")
    expect(token(panel, 3)).to_be_focused()
    expect(panel.locator(".mg-caption")).to_contain_text("In the outlined box, merge 4 glued")
    for _ in range(3):
        press("ArrowLeft")
    expect(token(panel, 1)).to_be_focused()
    expect(panel.get_by_role("spinbutton", name="Token no.")).to_have_value("1")


def test_enter_on_next_fuses_boxes(notebook):
    panel, press = notebook.panel(VIEW), notebook.page.keyboard.press
    before = panel.locator(BOXES).count()
    panel.get_by_role("button", name="Next").focus()
    press("Enter")
    expect(panel.locator(BOXES)).not_to_have_count(before)
    expect(panel.locator(".mg-caption")).to_contain_text("With 32 of 1,000 merges")


def test_arrows_move_the_slider(notebook):
    panel, press = notebook.panel(VIEW), notebook.page.keyboard.press
    slider = panel.get_by_role("slider", name="Merges allowed slider")
    slider.focus()
    press("Home")
    expect(panel.locator(BOXES)).to_have_count(25)
    for _ in range(4):
        press("ArrowRight")
    expect(panel.locator(".mg-caption")).to_contain_text("With 4 of 1,000 merges")
    expect(slider).to_be_focused()
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
