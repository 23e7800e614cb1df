"""The game, the training monitor and the bars of a name: any width, both themes, keys alone."""

import pytest
from playwright.sync_api import expect

from browser.looking import boxes_that_meet, faults, scroll_bars

CELLS = [
    "import microgpt as mg\nnames = mg.load_corpus('names-mini')",
    "mg.widgets.GuessNext('names')",
    "monitor = mg.widgets.TrainingMonitor(mg.GPT(backend='numpy'), names, steps=1000)\nalbum",
    "mg.widgets.TextLikelihood(monitor.wait().trainer, text='maximiliana')",
    "mg.learn.predict('00.x', 'Among how many letters?', (1, 10, 27))",
    "mg.widgets.forward_pass(monitor.trainer, 'ann')",
    "mg.widgets.errors()",
]
PANELS = {"game": 1, "monitor": 2, "likelihood": 3, "prediction": 4}


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as opened:
        opened.command("application:toggle-left-area")
        opened.run_all()
        opened.show(1)
        game = opened.panel(".mg-panel", 1)
        game.get_by_label("Your guess").focus()
        opened.page.keyboard.type("t")
        game.get_by_role("button", name="Guess").focus()
        opened.page.keyboard.press("Enter")
        expect(game).to_contain_text("You said")
        yield opened


@pytest.mark.parametrize("width", [512, 560, 720])
@pytest.mark.parametrize("name", PANELS)
def test_any_width(notebook, name, width):
    notebook.show(PANELS[name])
    panel = notebook.panel(".mg-panel", PANELS[name])
    panel.evaluate("(element, width) => element.style.width = width + 'px'", width)
    try:
        found = faults(panel) + boxes_that_meet(panel) + scroll_bars(panel)
        caption, view = panel.locator(".mg-caption"), panel.locator(".mg-view")
        bottom = caption.bounding_box()["y"] + caption.bounding_box()["height"]
        if bottom > view.bounding_box()["y"] + view.bounding_box()["height"] + 1:
            found.append("the sentence is cut off")
        notebook.screenshot(f"{name}-{width}", panel)
        assert found == []
    finally:
        panel.evaluate("element => element.style.width = ''")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_at_the_back_of_the_classroom(notebook, dark):
    notebook.view(1024, 768, zoom=1.5)
    notebook.theme(dark=dark)
    found = []
    for name, index in PANELS.items():
        notebook.show(index)
        panel = notebook.panel(".mg-panel", index)
        notebook.screenshot(f"zoomed-{name}-{'dark' if dark else 'light'}")
        found += faults(panel) + boxes_that_meet(panel)
    picture = notebook.show(5).locator("figure")
    found += faults(picture)
    notebook.screenshot(f"zoomed-forward-pass-{'dark' if dark else 'light'}")
    notebook.theme(dark=False)
    notebook.view(1366, 768)
    assert found == []


def test_keys_alone_play_the_game(notebook):
    notebook.show(1)
    game = notebook.panel(".mg-panel", 1)
    for _ in range(2):
        game.get_by_role("button", name="Next round").press("Enter")
        expect(game).to_contain_text("Choose the letter")
        game.get_by_label("Your guess").focus()
        notebook.page.keyboard.press("ArrowDown")
        game.get_by_role("button", name="Guess").press("Enter")
        expect(game).to_contain_text("You said")
    expect(game).to_contain_text("of 3 rounds")
    assert notebook.axe(game) == []


def test_nothing_went_wrong_inside(notebook):
    notebook.run_cell(6)
    expect(notebook.outputs(6)).to_contain_text("[]")
