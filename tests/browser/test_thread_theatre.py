"""The thread theatre in JupyterLab: the opening, sliders by keys, the menu, lines of code."""

import pytest
from playwright.sync_api import expect

from browser.layout_checks import inner_scrollbars, overlapping_controls, text_violations

CELLS = [
    "import microgpt as mg",
    "mg.widgets.ThreadTheatre('block sum', counts=True)",
    "mg.widgets.errors()",
    """import numpy as np
from microgpt.interpreter import cuda

def backwards(out, x):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[x.size - 1 - i]

x = np.arange(13, dtype=np.float32)
mg.widgets.ThreadTheatre(backwards, blocks=2, threads=8, arguments=(np.zeros_like(x), x))""",
]
VIEW, ERRORS, OWN = 1, 2, 3


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        for index in (0, VIEW):
            notebook.run_cell(index)
        yield notebook


def caption(panel):
    return panel.locator(".mg-caption")


def lit_line(panel):
    return panel.locator(".mg-line.mg-chosen")


def test_the_opening_is_seen_at_once(notebook):
    panel = notebook.panel(VIEW)
    expect(panel.locator("h3")).to_have_text("What do 64 threads do in phase 1 of 8?")
    expect(caption(panel)).to_contain_text("Phase 1, line 5: all 64 threads read x[0] to x[63]")
    box = panel.bounding_box()
    area = notebook.page.locator(".jp-Notebook").first.bounding_box()
    notebook.screenshot("theatre-opening")
    assert box["height"] <= area["height"]
    assert notebook.axe_violations(panel) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [560, 720])
def test_any_width(notebook, width, dark):
    panel = notebook.panel(VIEW)
    notebook.set_theme(dark)
    panel.evaluate("(element, width) => element.style.width = width + 'px'", width)
    try:
        found = text_violations(panel) + overlapping_controls(panel) + inner_scrollbars(panel)
        notebook.screenshot(f"theatre-{width}-{'dark' if dark else 'light'}", panel)
        assert found == []
    finally:
        panel.evaluate("element => element.style.width = ''")
        notebook.set_theme(dark=False)


def test_arrows_move_both_sliders_and_the_page_stays(notebook):
    panel, press = notebook.panel(VIEW), notebook.page.keyboard.press
    access = panel.get_by_role("slider", name="Access (of 2) slider")
    access.focus()
    before = notebook.scroll_top()
    press("ArrowRight")
    expect(caption(panel)).to_contain_text("all 64 threads write part[0] to part[63]")
    phase = panel.get_by_role("slider", name="Phase (of 8) slider")
    phase.focus()
    for number in range(2, 6):
        press("ArrowRight")
        expect(panel.locator("h3")).to_contain_text(f"in phase {number} of 8")
    expect(caption(panel)).to_contain_text(
        "Phase 5, line 10: threads 0 to 3 read part[0] to part[3]"
    )
    expect(panel.locator(".mg-thread.mg-reads")).to_have_count(4 + 1)  # and in the key
    expect(phase).to_be_focused()
    assert notebook.scroll_top() == before
    press("Home")
    expect(panel.locator("h3")).to_contain_text("in phase 1 of 8")


def test_enter_on_next_goes_on(notebook):
    panel, press = notebook.panel(VIEW), notebook.page.keyboard.press
    panel.get_by_role("button", name="Next").focus()
    for _ in range(2):
        press("Enter")
    expect(caption(panel)).to_contain_text("Phase 2, line 10: threads 0 to 31 read")
    panel.get_by_role("button", name="Back").click()
    expect(caption(panel)).to_contain_text("Phase 1, line 5: all 64 threads write")


def test_a_line_is_chosen_by_click_and_by_keys(notebook):
    panel, press = notebook.panel(VIEW), notebook.page.keyboard.press
    panel.locator("[data-pick='10']").click()
    expect(panel.get_by_role("spinbutton", name="Line")).to_have_value("10")
    expect(lit_line(panel)).to_contain_text("part[me] += part[me + half]")
    expect(lit_line(panel)).to_be_focused()
    expect(panel.locator(".mg-verdicts")).to_contain_text("126 shared reads, 63 shared writes")
    press("ArrowDown")
    expect(lit_line(panel)).to_contain_text("cuda.syncthreads()")
    expect(panel.locator(".mg-verdicts")).to_contain_text("touches no memory")
    expect(lit_line(panel)).to_be_focused()
    for _ in range(3):
        press("ArrowDown")
    expect(caption(panel)).to_contain_text("Phase 8, line 14")
    assert notebook.axe_violations(panel) == []


def test_the_menu_runs_a_kernel_with_a_race(notebook):
    panel = notebook.panel(VIEW)
    panel.get_by_role("combobox", name="Version").select_option("no barrier before the loop")
    panel.get_by_role("combobox", name="Order").select_option("forwards")
    expect(caption(panel)).to_contain_text("Phase 1, line 5: thread 32 writes")
    expect(caption(panel)).to_contain_text("right backwards and in step, wrong forwards")
    expect(panel.locator(".mg-cells .mg-clash")).to_have_count(1)
    access = panel.get_by_role("spinbutton", name="Access (of 224)")
    access.fill("224")
    access.press("Enter")
    expect(panel.locator(".mg-cells .mg-clash")).to_have_count(32)
    expect(panel.get_by_text("part[32]: thread 0 reads, thread 32 writes")).to_be_visible()
    notebook.screenshot("theatre-race", panel)
    assert notebook.axe_violations(panel) == []


def test_too_many_threads_are_refused_in_a_sentence(notebook):
    panel = notebook.panel(VIEW)
    panel.get_by_role("combobox", name="Version").select_option("block sum")
    panel.get_by_role("combobox", name="Order").select_option("forwards")
    question = panel.locator("h3")
    expect(question).to_have_text("What do 64 threads do in phase 1 of 8?")
    threads = panel.get_by_role("spinbutton", name="threads")
    threads.fill("65")
    threads.press("Enter")
    expect(caption(panel)).to_contain_text("threads must be from 1 to 64 a block")
    expect(question).to_have_text("What do 64 threads do in phase 1 of 8?")
    threads.fill("32")
    threads.press("Enter")
    expect(caption(panel)).to_contain_text("thread 0 of block 0 reads")
    panel.get_by_role("combobox", name="Order").select_option("in step")
    expect(caption(panel)).to_contain_text("all 32 threads of both blocks read x[0] to x[63]")


def test_a_kernel_of_a_cell_has_the_lines_of_the_cell(notebook):
    notebook.run_cell(OWN)
    panel = notebook.panel(OWN)
    expect(panel.get_by_role("combobox", name="Kernel")).to_contain_text("mine: backwards")
    expect(caption(panel)).to_contain_text("Phase 1, line 7: all 8 threads of block 0 and threads")
    expect(lit_line(panel)).to_contain_text("7out[i] = x[x.size - 1 - i]")
    expect(panel.get_by_role("combobox", name="Version")).to_have_count(0)
    notebook.screenshot("theatre-own", panel)
    assert notebook.axe_violations(panel) == []


def test_no_error_inside(notebook):
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
    assert notebook.cell_errors() == []
