"""The neighbourhood in JupyterLab: letters by click and by keys, snapshots by keys, a new seed."""

import pytest
from playwright.sync_api import expect

CELLS = [
    "import microgpt as mg",
    "mg.widgets.Neighbourhood(steps=100)",
    "mg.widgets.errors()",
]
VIEW, ERRORS = 1, 2


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        for index in (0, VIEW):
            notebook.run_cell(index)
        yield notebook


def letter(panel, number):
    return panel.locator(f"[data-pick='{number}']")


def test_a_click_and_arrows_choose_a_letter(notebook):
    panel, press = notebook.panel(VIEW), notebook.page.keyboard.press
    letter(panel, 2).click()
    expect(panel.locator(".mg-q")).to_have_text("Which letters are near “b” after 100 steps?")
    expect(letter(panel, 2)).to_be_focused()
    press("ArrowRight")
    expect(letter(panel, 3)).to_be_focused()
    expect(letter(panel, 3)).to_have_attribute("aria-pressed", "true")
    expect(panel.get_by_role("textbox", name="Letter")).to_have_value("c")
    assert notebook.axe_violations(panel) == []


def test_a_typed_letter_is_chosen(notebook):
    panel = notebook.panel(VIEW)
    box = panel.get_by_role("textbox", name="Letter")
    box.fill("q")
    box.press("Enter")
    expect(letter(panel, 17)).to_have_attribute("aria-pressed", "true")


def test_arrows_move_the_slider_and_no_tick(notebook):
    panel, press = notebook.panel(VIEW), notebook.page.keyboard.press
    ticks = panel.locator(".mg-x-axis, .mg-y-axis").evaluate_all("all => all.map(e => e.outerHTML)")
    slider = panel.get_by_role("slider", name="Snapshot slider")
    slider.focus()
    press("Home")
    expect(panel.locator(".mg-q")).to_contain_text("before training")
    press("ArrowRight")
    expect(panel.locator(".mg-q")).to_contain_text("after 5 steps")
    expect(slider).to_be_focused()
    assert ticks == panel.locator(".mg-x-axis, .mg-y-axis").evaluate_all(
        "all => all.map(e => e.outerHTML)"
    )


def test_start_again_trains_from_the_seed(notebook):
    panel = notebook.panel(VIEW)
    before = letter(panel, 1).get_attribute("style")
    panel.get_by_role("spinbutton", name="Seed").fill("7")
    panel.get_by_role("spinbutton", name="Seed").press("Enter")
    panel.get_by_role("button", name="Start again").click()
    expect(letter(panel, 1)).not_to_have_attribute("style", before)
    expect(panel.locator(".mg-caption")).to_contain_text("Nothing is left out")


def test_no_errors(notebook):
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
