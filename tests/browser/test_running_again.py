"""Click a view, press Shift+Enter: its cell runs again, and what one did in it is still there.

A finished training, which is shown again, is in `test_training_view.py`.
"""

import re

import pytest
from playwright.sync_api import expect

CELLS = [
    "import microgpt as mg",
    "mg.learn.predict('00.again', 'Among how many letters?', (1, 10, 27))",
    "mg.widgets.SamplingExplorer('names')",
    "mg.widgets.GuessNext('names')",
    "mg.widgets.TextLikelihood('names', text='anna')",
    "mg.widgets.errors()",
]
PREDICTION, EXPLORER, GAME, LIKELIHOOD, ERRORS = range(1, 6)


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        notebook.run_all()
        yield notebook


def caption(panel):
    return panel.locator(".mg-caption")


def run_again(notebook, index):
    """Press Shift+Enter as the learner does who has just clicked the view of a cell."""
    notebook.panel(index).locator(".mg-q").first.click()
    notebook.page.keyboard.press("Shift+Enter")
    notebook.wait_idle()
    return notebook.panel(index)


def test_a_guess(notebook):
    panel = notebook.panel(PREDICTION)
    panel.get_by_role("button", name="10", exact=True).click()
    expect(caption(panel)).to_contain_text("10")
    said = caption(panel).inner_text()
    expect(caption(run_again(notebook, PREDICTION))).to_have_text(said)
    notebook.run_all()
    expect(caption(notebook.panel(PREDICTION))).to_have_text(said)


def test_dials_and_drawn_letters(notebook):
    panel = notebook.panel(EXPLORER)
    panel.get_by_role("slider", name="Temperature slider").press("ArrowLeft")
    expect(caption(panel)).to_contain_text("T = 0.95")
    for _ in range(2):
        panel.get_by_role("button", name=re.compile("^Next")).click()
    tiles = panel.locator(".mg-tile")
    expect(tiles).to_have_count(3)
    letters = tiles.all_inner_texts()
    again = run_again(notebook, EXPLORER)
    expect(caption(again)).to_contain_text("T = 0.95")
    assert again.locator(".mg-tile").all_inner_texts() == letters


def test_a_round_of_the_game(notebook):
    panel = notebook.panel(GAME)
    panel.get_by_role("button", name="a", exact=True).click()
    expect(caption(panel)).to_contain_text("You said")
    said = caption(panel).inner_text()
    expect(caption(run_again(notebook, GAME))).to_have_text(said)


def test_a_typed_name(notebook):
    panel = notebook.panel(LIKELIHOOD)
    box = panel.get_by_role("textbox").first
    box.fill("kevin")
    box.press("Enter")
    expect(caption(panel)).to_contain_text("kevin")
    expect(caption(run_again(notebook, LIKELIHOOD))).to_contain_text("kevin")


def test_each_caption_is_announced_once_a_change(notebook):
    for index, key in ((EXPLORER, "ArrowLeft"), (PREDICTION, None)):
        panel = notebook.panel(index)
        region = caption(panel).locator("[role=status]")
        expect(region).to_have_attribute("aria-live", "polite")
        region.evaluate(
            "element => { window.announced = []; new MutationObserver(() =>"
            " window.announced.push(element.textContent)).observe(element,"
            " {childList: true, subtree: true, characterData: true}); }"
        )
        before = region.inner_text()
        if key is None:
            panel.get_by_role("button", name="27", exact=True).click()
        else:
            panel.get_by_role("slider", name="Temperature slider").press(key)
        expect(region).not_to_have_text(before)
        notebook.run_cell(ERRORS)  # whatever the kernel had to send before has come
        assert notebook.page.evaluate("window.announced.length") == 1
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
