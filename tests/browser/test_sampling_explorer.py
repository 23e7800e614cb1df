"""The sampling explorer: what is seen, reached by keys, and read aloud."""

import re

import pytest
from playwright.sync_api import expect

from browser.layout_checks import inner_scrollbars, overlapping_controls, text_violations

CELLS = [
    "import microgpt as mg",
    'mg.widgets.SamplingExplorer("names")',
    'mg.widgets.SamplingExplorer("names", compact=True)',
    "mg.widgets.errors()",
]
FULL, COMPACT, ERRORS = 1, 2, 3


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        notebook.run_all()
        yield notebook


def slider(panel, name):
    return panel.get_by_role("slider", name=f"{name} slider", exact=True)


def caption(panel):
    return panel.locator(".mg-caption")


def visible_sliders(panel):
    return [
        handle.get_attribute("aria-label")
        for handle in panel.get_by_role("slider").all()
        if handle.is_visible()
    ]


def boxes(panel, selector):
    """Where the visible elements of a selector stand, relative to the panel, to the pixel."""
    return panel.evaluate(
        """(element, selector) => [...element.querySelectorAll(selector)]
          .map(item => [item.getBoundingClientRect(), element.getBoundingClientRect()])
          .filter(([box]) => box.width)
          .map(([box, frame]) => [box.left - frame.left, box.top - frame.top, box.width, box.height]
            .map(Math.round))""",
        selector,
    )


def test_it_opens_complete_with_one_picture_and_two_sliders(notebook):
    panel = notebook.panel(FULL)
    expect(panel.locator(".mg-strip")).to_have_count(1)
    assert visible_sliders(panel) == ["Temperature slider", "Dart u slider"]
    assert panel.get_by_role("button", name="More dials").is_visible()
    assert inner_scrollbars(panel) == []
    panel.evaluate("element => element.scrollIntoView({block: 'center'})")
    box = panel.bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 768
    notebook.screenshot("sampling-explorer", panel)
    assert text_violations(panel) == []
    assert overlapping_controls(panel) == []


def test_everything_is_done_with_keys_alone(notebook):
    panel = notebook.panel(FULL)
    names = [name for _, name in notebook.tab_stops(panel)]
    assert names[:14] == [
        "Model", "Start with", "Seed", "Start over", "Throw again", "Next letter", "Finish",
        "Temperature", "Temperature slider", "Dart u", "Dart u slider", "More dials ▸",
        "a: 8.8 % now", "s: 8.5 % now",
    ]  # fmt: skip
    assert names[-4:] == [
        "e: 4.1 % now, picked", "▸ numbers", "▸ How likely is this name?", "▸ Five texts",
    ]  # fmt: skip
    keyboard = notebook.page.keyboard
    panel.get_by_label("Start with").focus()
    keyboard.type("an")
    keyboard.press("Enter")
    question = panel.get_by_role("heading")
    expect(question).to_have_text("Which letter comes after “an”?")
    panel.get_by_role("button", name="Next letter").focus()
    keyboard.press("Enter")
    expect(panel.get_by_role("button", name="Back")).to_be_enabled()
    panel.get_by_role("button", name="Back").focus()
    keyboard.press("Space")
    expect(panel.locator(".mg-tile")).to_have_text(["a", "n", re.compile(".")])
    panel.get_by_role("button", name="More dials").focus()
    keyboard.press("Enter")
    expect(slider(panel, "top-k (off)")).to_be_visible()
    slider(panel, "top-k (off)").focus()
    keyboard.press("ArrowLeft")
    expect(panel.locator(".mg-cut-line")).to_contain_text("top-k 26 keeps 26")
    expect(slider(panel, "top-k")).to_be_visible()
    slider(panel, "top-k").press("ArrowRight")
    expect(slider(panel, "top-k (off)")).to_be_visible()
    for name in ("numbers", "How likely", "Five texts"):
        panel.get_by_role("button", name=name).focus()
        keyboard.press("Enter")
    # What is hidden takes no focus, and the kernel shows it a moment after the key: letters typed
    # before would be commands of the notebook.
    expect(panel.get_by_label("Name")).to_be_visible()
    panel.get_by_label("Name").focus()
    keyboard.type("anna")
    keyboard.press("Enter")
    expect(panel).to_contain_text("“anna” (trained on): 1 in")
    expect(panel).to_contain_text("Five texts from seeds 1 to 5")
    notebook.screenshot("sampling-explorer-open", panel)
    assert notebook.axe_violations(panel) == []
    for name in ("numbers", "How likely", "Five texts", "Fewer dials"):
        panel.get_by_role("button", name=name).press("Enter")
    panel.get_by_label("Start with").fill("")
    panel.get_by_label("Start with").press("Enter")
    expect(question).to_have_text("Which letter comes first?")


def test_nothing_moves_when_dials_unfold_or_a_text_ends(notebook):
    """Buttons stand where they stood, and so does all that is below them."""
    panel = notebook.panel(FULL)
    fixed = ".mg-steps button, .mg-strip, .mg-bars, .mg-figures, .mg-caption, .mg-toggles button"
    before, height = boxes(panel, fixed), panel.bounding_box()["height"]
    fold = panel.get_by_role("button", name="More dials")
    fold.click()
    expect(slider(panel, "min-p (off)")).to_be_visible()
    assert boxes(panel, fixed) == before
    panel.get_by_role("button", name="Fewer dials").click()
    panel.get_by_role("button", name="Finish").click()
    primary = panel.locator(".mg-primary")
    expect(primary).to_have_text("New name")
    expect(panel.get_by_role("heading")).to_contain_text("ends here")
    assert boxes(panel, fixed) == before
    assert panel.bounding_box()["height"] == height
    primary.click()
    expect(primary).to_have_text("Next letter")
    expect(panel.get_by_label("Seed")).to_have_value("2")
    panel.get_by_label("Seed").fill("1")
    panel.get_by_label("Seed").press("Enter")
    expect(caption(panel)).to_contain_text("The dart at 0.672")
    assert boxes(panel, fixed) == before


def test_the_strip_and_the_bars_light_up_together(notebook):
    panel = notebook.panel(FULL)
    row, segment = panel.locator(".mg-bar-row").nth(1), panel.locator(".mg-now .mg-segment").nth(1)
    told = row.locator(".mg-readout")
    expect(told).to_be_hidden()
    segment.hover()
    expect(told).to_be_visible()
    panel.get_by_role("heading").hover()
    expect(told).to_be_hidden()
    row.focus()  # a key's focus does what pointing at it does
    notebook.page.keyboard.press("Shift+Tab")
    notebook.page.keyboard.press("Tab")
    expect(told).to_be_visible()
    assert "inset" in segment.locator("i").evaluate("e => getComputedStyle(e).boxShadow")


def test_hostile_text_stays_text(notebook):
    panel = notebook.panel(FULL)
    dialogs = []
    notebook.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    height = panel.bounding_box()["height"]
    start = panel.get_by_label("Start with")
    for text in ("<img src=x onerror=alert(1)>", "a" * 10_000, "سلام", "👩\u200d🚀"):
        start.fill(text)
        start.press("Enter")
        expect(caption(panel)).to_contain_text(re.compile("has no|at most"))
        assert panel.bounding_box()["height"] == height
        assert inner_scrollbars(panel) == []
    assert panel.locator("img").count() == 0
    assert dialogs == []
    start.fill("")
    start.press("Enter")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_readable_on_a_projector(notebook, dark):
    violations = []
    with notebook.on_a_projector(dark):
        for name, index in (("full", FULL), ("compact", COMPACT)):
            panel = notebook.panel(index)
            handle = slider(panel, "Temperature")
            handle.press("ArrowLeft")
            expect(caption(panel)).to_contain_text("T = 0.95")
            panel.evaluate("element => element.scrollIntoView({block: 'start'})")
            theme = "dark" if dark else "light"
            notebook.screenshot(f"projector-sampling-explorer-{name}-{theme}")
            violations += text_violations(panel) + overlapping_controls(panel)
            box = panel.bounding_box()
            if box["x"] + box["width"] > notebook.page.evaluate("innerWidth"):
                violations.append(f"{name} is wider than the window")
            handle.press("ArrowRight")
            expect(caption(panel)).to_contain_text("T = 1.00")
    assert violations == []


# From 710 pixels on the sliders stand beside the bars.
@pytest.mark.parametrize("width", [400, 560, 709, 710])
@pytest.mark.parametrize("index", [FULL, COMPACT], ids=["full", "compact"])
def test_any_width_without_scrolling_sideways(notebook, index, width):
    panel = notebook.panel(index)
    panel.evaluate("(element, width) => element.style.width = width + 'px'", width)
    try:
        assert overlapping_controls(panel) == []
        assert text_violations(panel) == []
        assert inner_scrollbars(panel) == []
        beyond = panel.evaluate(
            "(e, width) => [...e.querySelectorAll('button, input, .mg *')].filter(item =>"
            " item.getBoundingClientRect().right > e.getBoundingClientRect().left + width + 1)"
            ".map(item => item.outerHTML.slice(0, 80))",
            width,
        )
        assert beyond == []
        notebook.screenshot(f"sampling-explorer-{width}", panel)
    finally:
        panel.evaluate("element => element.style.width = ''")


def test_no_error_inside(notebook):
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
    assert notebook.cell_errors() == []
