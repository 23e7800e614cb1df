"""The scored game in JupyterLab: played with the keyboard alone; and its keys in narrow pages."""

import pytest
from playwright.sync_api import expect

import microgpt as mg
from browser.fake_hosts import host_page, widget_html
from microgpt.data import Corpus

CELLS = ["import microgpt as mg", "mg.widgets.ScoredGuess(rounds=2)", "mg.widgets.errors()"]
GAME, ERRORS = 1, 2
BOXES = "elements => elements.map(e => { const r = e.getBoundingClientRect();"
BOXES += " return [r.x, r.y, r.width, r.height].map(v => Math.round(10 * v) / 10); })"


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        for index in (0, GAME):
            notebook.run_cell(index)
        yield notebook


def test_the_game_is_played_with_keys_alone(notebook):
    game = notebook.panel(GAME)
    caption = game.locator(".mg-caption")
    press = notebook.page.keyboard.press
    letters = game.get_by_role("textbox", name="Your letters")
    letters.focus()
    for number in (1, 2):
        notebook.page.keyboard.type("ae")
        expect(game.locator(".mg-chosen")).to_have_count(2)
        expect(game.get_by_role("button", name="e", exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )
        press("Tab")
        for _ in range(10):
            press("ArrowUp")
        expect(caption).to_contain_text(f"You give “a” {5 * number}.0 % and “e” {5 * number}.0 %")
        press("Shift+Tab")
        expect(letters).to_be_focused()
        press("Enter")
        expect(caption).to_contain_text("a negative log-likelihood of")
        expect(game.get_by_role("button", name="a", exact=True)).to_have_count(0)
        following = game.get_by_role("button", name="Next" if number == 1 else "New game")
        expect(following).to_be_focused()
        if number == 1:
            press("Enter")
            expect(letters).to_be_focused()
    expect(caption).to_contain_text("Over 2 letters you are at")
    assert notebook.axe_violations(game) == []
    notebook.screenshot("scored-end", game)


def test_no_error_inside(notebook):
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
    assert notebook.cell_errors() == []


@pytest.mark.parametrize("width", [400, 720])
def test_many_keys_scroll_within_themselves_with_their_bars(browser, width):
    letters = [chr(0x430 + i) for i in range(60)]
    corpus = Corpus("sixty letters", tuple(a + b for a in letters for b in letters[:2]))
    game = mg.widgets.ScoredGuess(corpus)
    game.keys[59].click()
    page = browser.new_page(viewport={"width": width + 32, "height": 900})
    found = []
    for selector in ("button.mg-keycap", ".mg-letter"):
        page.set_content(host_page("jupyterlab", "light", [[widget_html(game.box)]]))
        keyboard = page.locator(".mg-keyboard")
        assert keyboard.evaluate("e => e.clientHeight") <= 420
        if width == 400:
            assert keyboard.evaluate("e => e.scrollHeight > e.clientHeight + 100")
        keyboard.evaluate("e => e.scrollTo(0, 1e4)")
        found.append(page.locator(selector).evaluate_all(BOXES))
        last = page.locator(selector).last.bounding_box()
        frame = keyboard.bounding_box()
        assert last["y"] + last["height"] <= frame["y"] + frame["height"]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        game.show_button.click()
    page.close()
    assert found[0] == found[1]
