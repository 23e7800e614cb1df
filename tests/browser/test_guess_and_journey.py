"""The guessing game and the forward pass: keys that become bars, and one letter in six boxes."""

import pytest
from playwright.sync_api import expect

import microgpt as mg
from browser.fake_hosts import host_page, widget_html
from browser.layout_checks import overlapping_controls, text_violations

CELLS = [
    "import microgpt as mg",
    "mg.widgets.GuessNext('names')",
    "mg.widgets.forward_pass('names', 'ann')",
    "mg.widgets.errors()",
]
GAME, JOURNEY, ERRORS = 1, 2, 3
BOXES = "elements => elements.map(e => { const r = e.getBoundingClientRect();"
BOXES += " return [r.x, r.y, r.width, r.height].map(v => Math.round(10 * v) / 10); })"


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        for index in (0, GAME, JOURNEY):
            notebook.run_cell(index)
        yield notebook


def caption(panel):
    return panel.locator(".mg-caption")


def focused(notebook):
    return notebook.page.evaluate("document.activeElement.textContent")


def test_the_game_is_played_with_keys_alone(notebook):
    game = notebook.panel(GAME)
    game.get_by_role("button", name="a", exact=True).focus()
    press = notebook.page.keyboard.press
    for number in range(3):
        for _ in range(2):
            press("Tab")
        assert focused(notebook) == "c"
        press("Enter")
        expect(caption(game)).to_contain_text("You said “c”")
        expect(game.get_by_role("button", name="a", exact=True)).to_have_count(0)
        expect(
            game.get_by_role("button", name="Play again" if number == 2 else "Next round")
        ).to_be_focused()
        if number < 2:
            press("Enter")
            expect(caption(game)).to_contain_text("Click a key to guess.")
            expect(game.get_by_role("button", name="a", exact=True)).to_be_focused()
    expect(caption(game)).to_contain_text("Final score in 3 rounds: you ")
    expect(game.locator(".mg-keycap:visible")).to_have_count(27)
    assert notebook.axe_violations(game) == []


def test_one_click_guesses_and_the_score_counts(notebook):
    game = notebook.panel(GAME)
    game.get_by_role("button", name="Play again").click()
    scores = game.locator(".mg-score .mg-fig")
    expect(scores).to_have_text(["0", "0"])
    game.get_by_role("button", name="end", exact=True).click()
    expect(caption(game)).to_contain_text("You said the end")
    expect(game.locator(".mg-yours")).to_have_count(1)
    expect(game.locator(".mg-right")).to_have_count(1)
    notebook.screenshot("guess-answered", game)


@pytest.mark.parametrize("position", range(4))
def test_pointing_at_a_letter_lights_it_in_all_six_boxes(notebook, position):
    journey = notebook.panel(JOURNEY)
    label = ("start", "a", "n", "n")[position]
    box = journey.locator(".mg-box")
    box.nth(0).locator(".mg-col").nth(position).hover()
    soft = notebook.page.evaluate(
        "part => { const e = document.createElement('i'); e.style.background = 'var(--mg-soft)';"
        " part.append(e); const c = getComputedStyle(e).backgroundColor; e.remove(); return c; }",
        journey.locator(".mg-boxes").element_handle(),
    )
    for index in range(3):
        for other in range(4):
            column = box.nth(index).locator(f".mg-t{other}")
            lit = "e => getComputedStyle(e).backgroundColor"
            expect(column).to_have_count(1)
            notebook.page.wait_for_function(
                f"([e, colour, same]) => (({lit})(e) === colour) === same",
                arg=[column.element_handle(), soft, other == position],
            )
    for index in (2, 3):
        expect(box.nth(index).locator(".mg-lit .mg-tile:visible")).to_have_text([label])
        place = ("", "1st letter", "2nd letter", "3rd letter")[position]
        expect(box.nth(index).locator(".mg-place")).to_have_text(place, use_inner_text=True)
    for index in (4, 5):
        prefix = ("start", "“a”", "“an”", "“ann”")[position]
        expect(box.nth(index).locator(".mg-prefix > :visible")).to_have_text([prefix])
    for index in range(4, 6):
        expect(box.nth(index).locator(".mg-graphic > .mg-at:visible")).to_have_count(1)
    for index in (2, 3):  # what comes in, what is added, and the sum are those of the letter
        expect(box.nth(index).locator(f".mg-term > .mg-at{position}:visible")).to_have_count(3)
        expect(box.nth(index).locator(".mg-term > .mg-at:visible")).to_have_count(3)
    notebook.page.mouse.move(0, 0)


def test_a_letter_stays_lit_while_it_has_the_focus_and_nothing_else_is_pointed_at(notebook):
    journey = notebook.panel(JOURNEY)
    journey.locator(".mg-q").hover()
    lit = journey.locator(".mg-box").nth(5).locator(".mg-prefix > :visible")
    expect(lit).to_have_text(["“ann”"])
    journey.get_by_role("textbox").first.focus()
    for label in ("start", "“a”"):
        notebook.page.keyboard.press("Tab")
        expect(lit).to_have_text([label])
    columns = journey.locator(".mg-box").nth(0).locator(".mg-col")
    columns.nth(0).hover()
    expect(lit).to_have_text(["start"])
    journey.locator(".mg-q").hover()
    expect(lit).to_have_text(["“a”"])
    columns.nth(0).click()
    journey.locator(".mg-q").hover()
    expect(lit).to_have_text(["start"])
    notebook.screenshot("journey-lit", journey)


def test_another_text_is_followed_or_refused_in_a_sentence(notebook):
    journey = notebook.panel(JOURNEY)
    box = journey.get_by_role("textbox").first
    box.fill("kevin")
    box.press("Enter")
    expect(caption(journey)).to_contain_text("“kevin” becomes 6 tokens")
    box.fill("zoë")
    box.press("Enter")
    expect(caption(journey)).to_contain_text("has no “ë”")
    expect(journey.locator(".mg-q")).to_contain_text("kevin")
    assert notebook.axe_violations(journey) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_both_fit_on_a_projector(notebook, dark):
    theme = "dark" if dark else "light"
    with notebook.on_a_projector(dark):
        for name, index in (("guess", GAME), ("journey", JOURNEY)):
            panel = notebook.panel(index)
            notebook.screenshot(f"projector-{name}-{theme}")
            assert text_violations(panel) + overlapping_controls(panel) == [], name


def test_no_error_inside(notebook):
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
    assert notebook.cell_errors() == []


@pytest.mark.parametrize("width", [400, 560, 683, 720, 1200])
def test_the_bars_stand_on_tiles_that_lie_where_the_keys_were(browser, width):
    game = mg.widgets.GuessNext("names")
    page = browser.new_page(viewport={"width": width + 32, "height": 900})
    found = []
    for selector in ("button.mg-keycap", ".mg-letter"):
        page.set_content(host_page("jupyterlab", "light", [[widget_html(game.box)]]))
        tiles = page.locator(selector).evaluate_all(BOXES)
        found.append((tiles, page.locator(".mg-card").evaluate_all(BOXES)))
        game.keys[3].click()
    page.close()
    assert found[0] == found[1]
    assert len({y for _, y, _, _ in found[0][0]}) == (3 if width < 640 else 1)


@pytest.fixture
def shown_at(browser):
    """Show a forward pass at a width; return the page."""
    pages = []

    def shown_at(width, text="maximiliana"):
        page = browser.new_page(viewport={"width": width + 32, "height": 900})
        pages.append(page)
        html = widget_html(mg.widgets.forward_pass("names", text).box)
        page.set_content(host_page("jupyterlab", "light", [[html]]))
        return page

    yield shown_at
    for page in pages:
        page.close()


@pytest.mark.parametrize(
    ("width", "columns"), [(380, 1), (400, 1), (560, 2), (720, 2), (1099, 2), (1100, 4), (1200, 4)]
)
def test_the_six_boxes_wrap(shown_at, width, columns):
    page = shown_at(width)
    boxes = page.locator(".mg-box").evaluate_all(BOXES)
    graphics = page.locator(".mg-graphic").evaluate_all(BOXES)
    assert len({x for x, _, _, _ in boxes}) == columns
    # What belongs together stands on one line, however long the sentences above it are.
    lines = {1: [[i] for i in range(6)], 2: [[0, 1], [2, 3], [4, 5]], 4: [[0, 2, 3, 4], [1, 5]]}
    tops = [{graphics[i][1] for i in line} for line in lines[columns]]
    assert [len(top) for top in tops] == [1] * len(tops)
    assert len(set.union(*tops)) == len(tops)


@pytest.mark.parametrize("width", [400, 539, 540, 720, 1099, 1100, 1200])
def test_an_arrow_leads_from_each_box_to_the_next(shown_at, width):
    page = shown_at(width)
    boxes = page.locator(".mg-box").evaluate_all(BOXES)
    arrows = page.locator(":is(.mg-flow,.mg-rise):visible").evaluate_all(BOXES)

    def touches(arrow, box):
        (x, y, w, h), (left, top, across, down) = arrow, box
        return (
            x <= left + across + 2
            and x + w >= left - 2
            and y <= top + down + 2
            and y + h >= top - 2
        )

    assert len(arrows) == 5
    for i, arrow in enumerate(arrows):
        assert touches(arrow, boxes[i]), i
        assert touches(arrow, boxes[i + 1]), i


def test_box_six_answers_for_the_letter_that_is_pointed_at(shown_at):
    page = shown_at(720, "ann")
    box, answers = page.locator(".mg-box"), []
    for position, prefix in enumerate(("start", "“a”", "“an”", "“ann”")):
        box.nth(0).locator(".mg-col").nth(position).hover()
        for index in (4, 5):
            expect(box.nth(index).locator(".mg-prefix > :visible")).to_have_text([prefix])
        answer = box.nth(5).locator(".mg-output > :visible")
        expect(answer).to_have_count(1)
        answers.append(answer.inner_text())
        first = box.nth(5).locator(".mg-probs:visible > div").first.inner_text().split()
        assert f"“{first[0]}”, {first[1]}" in answers[-1]
    assert len(set(answers)) == 4


@pytest.mark.parametrize(("width", "has_axis"), [(400, True), (720, True), (1200, False)])
def test_all_logits_have_their_letter_where_there_is_room(shown_at, width, has_axis):
    page = shown_at(width, "ann")
    logits = page.locator(".mg-logits:visible")
    expect(logits.locator(".mg-letters > :visible")).to_have_count(27 if has_axis else 0)
    expect(logits.locator(".mg-name:visible")).to_have_count(0 if has_axis else 5)


@pytest.mark.parametrize(("has_touch", "said"), [(False, "Point at a letter"), (True, "Tap a ")])
def test_the_hint_is_for_the_mouse_or_for_touch(browser, has_touch, said):
    page = browser.new_page(has_touch=has_touch, is_mobile=has_touch)
    html = widget_html(mg.widgets.forward_pass("names", "ann").box)
    page.set_content(host_page("jupyterlab", "light", [[html]]))
    hint = page.locator(".mg-hint > :visible")
    expect(hint).to_have_count(1)
    expect(hint).to_contain_text(said)
    page.close()
