"""The chain-rule stethoscope in JupyterLab, by keys alone."""

import pytest
from playwright.sync_api import expect

CELLS = [
    "import microgpt as mg",
    "mg.widgets.Stethoscope()",
    "mg.widgets.Stethoscope('a*a', a=3.0, toggles=True)",
    "mg.widgets.errors()",
]
NEURON, SQUARE, ERRORS = 1, 2, 3


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        for index in (0, NEURON, SQUARE):
            notebook.run_cell(index)
        yield notebook


def caption(panel):
    return panel.locator(".mg-caption")


def test_slopes_are_passed_back_with_enter(notebook):
    panel = notebook.panel(NEURON)
    panel.get_by_role("button", name="Start over").focus()
    press = notebook.page.keyboard.press
    press("Enter")
    expect(panel.locator(".mg-waits")).to_have_count(8)
    for number in range(1, 9):
        press("Enter")
        expect(caption(panel)).to_contain_text(f"Edge {number} of 8")
        expect(panel.locator(".mg-across .mg-now")).to_have_count(1)
    press("Enter")
    expect(caption(panel)).to_contain_text("At w = 0.50 the loss is 0.1136")
    expect(panel.locator(".mg-waits")).to_have_count(0)
    assert notebook.axe_violations(panel) == []


def test_forty_arrows_move_the_leaf_and_nothing_else(notebook):
    panel = notebook.panel(NEURON)
    slider = panel.get_by_role("slider", name="w = slider")
    slider.focus()
    # To an end that was not passed before: what is awaited is not the past.
    notebook.press_at_once(["ArrowLeft"] * 10 + ["ArrowRight"] * 30)
    expect(caption(panel)).to_contain_text("At w = 1.50 the loss is")
    expect(slider).to_be_focused()
    expect(panel.locator(".mg-plot svg")).to_have_count(1)
    expect(panel.locator(".mg-x-axis")).to_have_text("0123")  # the curve follows in a pause
    expect(slider).to_be_focused()


def test_an_expression_is_typed_mended_and_chosen(notebook):
    panel = notebook.panel(NEURON)
    box = panel.get_by_role("textbox", name="Expression")
    box.fill("w*x +")
    box.press("Enter")
    expect(caption(panel)).to_contain_text("The expression must be made of names")
    expect(panel.locator(".mg-node")).to_have_count(9)
    box.press("End")
    notebook.page.keyboard.type(" w")
    box.press("Enter")
    expect(panel.locator(".mg-node")).to_have_count(4)
    expect(caption(panel)).to_contain_text("At w = 1.50 the loss is 4.5")
    panel.get_by_role("combobox", name="Example").select_option("a neuron")
    expect(panel.locator(".mg-node")).to_have_count(9)
    expect(caption(panel)).to_contain_text("At w = 0.50 the loss is 0.1136")


def test_what_goes_wrong_is_switched_on_with_the_space_bar(notebook):
    panel = notebook.panel(SQUARE)
    toggle = panel.get_by_role("button", name="Forget to accumulate")
    toggle.focus()
    notebook.page.keyboard.press("Space")
    expect(caption(panel)).to_contain_text("a has gradient 3, measured 6")
    expect(panel.locator(".mg-node.mg-wrong")).to_have_count(1)
    expect(toggle).to_have_text("☑ Forget to accumulate")
    notebook.page.keyboard.press("Space")
    expect(caption(panel)).to_contain_text("by autograd is 6 and by measuring 6")
    panel.get_by_role("combobox", name="Order").select_option("recursion")
    expect(caption(panel)).to_contain_text("a leaf passes nothing on")
    notebook.screenshot("stethoscope", panel)


def test_no_error_inside(notebook):
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
    assert notebook.cell_errors() == []
