"""The X-ray in JupyterLab: a cell is pointed at, reached by Tab, and chosen by arrows."""

import pytest
from playwright.sync_api import expect

from browser.layout_checks import inner_scrollbars, text_violations

CELLS = [
    "import microgpt as mg",
    "mg.widgets.XRay()",
    "mg.widgets.XRay(tab='broadcast')",
    "mg.widgets.errors()",
]
PRODUCT, BROADCAST, ERRORS = 1, 2, 3


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        for index in (0, PRODUCT, BROADCAST):
            notebook.run_cell(index)
        yield notebook


def caption(panel):
    return panel.locator(".mg-caption")


def sums(panel):
    return panel.locator(".mg-sum:visible")


def target(panel, name):
    return panel.locator(f'.mg-target[aria-label^="{name}"]:visible')


def test_pointing_at_a_cell_shows_its_sum_and_leaving_it_the_chosen_one(notebook):
    panel = notebook.panel(PRODUCT)
    expect(sums(panel)).to_have_text("y[0, 2] = 1·2 + 2·1 + 0·0 = 4")
    target(panel, "y[1, 0]").hover()
    expect(sums(panel)).to_have_text("y[1, 0] = 0·1 + 1·0 + 3·2 = 6")
    expect(panel.locator(".mg-lit:visible")).to_have_count(6)
    assert panel.locator(".mg-mark:visible").all_text_contents() == ["1 ▸", "0 ▾"]
    expect(caption(panel)).to_have_css("opacity", "0")
    panel.locator(".mg-q").hover()
    expect(sums(panel)).to_have_text("y[0, 2] = 1·2 + 2·1 + 0·0 = 4")
    expect(caption(panel)).to_have_css("opacity", "1")


def test_tab_goes_from_cell_to_cell(notebook):
    panel = notebook.panel(PRODUCT)
    target(panel, "y[0, 0]").focus()
    for name in ("y[0, 1]", "y[0, 2]", "y[0, 3]", "y[1, 0]"):
        notebook.page.keyboard.press("Tab")
        expect(target(panel, name)).to_be_focused()
        expect(sums(panel)).to_contain_text(f"{name} = ")
    panel.get_by_role("button", name="Forward").focus()


def test_arrows_and_next_cell_choose_by_keys_alone(notebook):
    panel = notebook.panel(PRODUCT)
    panel.get_by_role("button", name="▼").focus()
    notebook.page.keyboard.press("Enter")
    expect(caption(panel)).to_contain_text("y[1, 2] = row 1 of x times column 2 of w")
    panel.get_by_role("button", name="Next cell").focus()
    for name in ("y[1, 3]", "y[0, 0]", "y[0, 1]"):
        notebook.page.keyboard.press("Enter")
        expect(caption(panel)).to_contain_text(f"{name} = row")
    expect(panel.get_by_role("button", name="Next cell")).to_be_focused()
    panel.get_by_role("button", name="Backward").click()
    expect(caption(panel)).to_contain_text("dx[0, 2] = row 0 of dy times row 2 of w")
    assert panel.locator(".mg-mark:visible").all_text_contents() == ["0 ▸", "2 ▸"]
    assert notebook.axe_violations(panel) == []


def test_four_by_five_fits_a_zoomed_projector(notebook):
    panel = notebook.panel(PRODUCT)
    for name, size in (("rows B", "4"), ("shared I", "5"), ("columns O", "5")):
        panel.get_by_label(name).fill(size)
        notebook.page.keyboard.press("Tab")
    expect(target(panel, "dx[3, 4]")).to_be_visible()
    with notebook.on_a_projector(dark=False):
        arrays = panel.locator(".mg-arrays").bounding_box()
        card = panel.locator(".mg-card").bounding_box()
        assert card["x"] <= arrays["x"]
        assert arrays["x"] + arrays["width"] <= card["x"] + card["width"]
        assert text_violations(panel) + inner_scrollbars(panel) == []
        notebook.screenshot("xray-projector")


def test_a_shape_is_typed_mended_and_questioned(notebook):
    panel = notebook.panel(BROADCAST)
    box = panel.get_by_role("textbox", name="Shape of b")
    box.fill("4")
    box.press("Enter")
    expect(caption(panel)).to_contain_text("clash at the last axis: 3 against 4. (4, 1) would fit.")
    expect(panel.locator(".mg-clash")).to_have_count(2)
    box.fill("4, 1")
    box.press("Enter")
    expect(caption(panel)).to_contain_text("(4, 3) + (4, 1) gives (4, 3)")
    panel.get_by_role("combobox", name="Example").select_option("a column minus a list")
    expect(caption(panel)).to_contain_text("16 differences, not 4. Is that what you want?")
    panel.get_by_role("button", name="Backward").click()
    expect(panel.locator(".mg-tip.mg-left:visible")).to_have_count(1)
    notebook.screenshot("xray", panel)


def test_no_error_inside(notebook):
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
    assert notebook.cell_errors() == []
