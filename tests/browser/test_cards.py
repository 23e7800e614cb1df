"""Likelihood, predictions and cards in every state: at any width, without colour, by keys alone."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

import microgpt as mg
from browser import scripts
from browser.fake_hosts import host_page, widget_html
from browser.layout_checks import inner_scrollbars, overlapping_controls, text_violations
from microgpt.learn.predictions import predict, reveal
from microgpt.learn.results import Result

CELLS = [
    "import microgpt as mg",
    "mg.learn.predict('00.x', 'Among how many letters?', (1, 10, 27))",
    "mg.learn.reveal('00.x', 27, why='Twenty-seven.')",
    "mg.learn.predict('00.n', 'How long is it?', unit='letters')",
    "mg.learn.reveal('00.n', 28.94)",
    "mg.widgets.TextLikelihood('names')",
    "def forever(logits, T):\n    while True: pass\nmg.learn.check('09.temperature', forever)",
    "mg.widgets.errors()",
]
OPTIONS, REVEAL, NUMBER, REVEAL_NUMBER, LIKELIHOOD, ENDLESS, ERRORS = range(1, 8)
LONG_OPTIONS = ("better than with 0.01", "about as good", "worse than knowing nothing")


def own_model(texts, text):
    corpus = mg.load_corpus(text="\n".join(texts))
    config = mg.GPTConfig.microgpt(vocab_size=corpus.tokenizer().vocab_size, block_size=64)
    return mg.widgets.TextLikelihood(mg.GPT(config, backend="numpy"), corpus, text=text, names=())


def prediction(options=(1, 10, 27), guess=None, result=None, unit=""):
    """A prediction, and the card of its answer if there is one."""
    view = predict("00.x", f"Among how many, {options}, {guess}, {unit}?", options, unit)
    if guess is not None and options:
        view.buttons[options.index(guess)].click()
    elif guess is not None:
        view.number_box.value = guess
    if result is None:
        return view
    answer = reveal("00.x", result, why="It overshoots, and then it overshoots back. " * 2)
    return view, answer


def temperature(logits, T):
    return mg.next_token(logits, temperature=T).probabilities


LONG = Result(
    "not yet", "It ends.", {"x": "y" * 230}, "z" * 240, "w" * 240, "A cause.", "09.sample"
)
STATES = {
    "likelihood": lambda: mg.widgets.TextLikelihood("names", text="maria"),
    "unlikely": lambda: mg.widgets.TextLikelihood("names", text="xqzj"),
    "unknown letters": lambda: mg.widgets.TextLikelihood("names", text="José <b>"),
    "no text": lambda: mg.widgets.TextLikelihood("names", text=""),
    "long text": lambda: mg.widgets.TextLikelihood("story", "Every effort moves you forward."),
    "right to left": lambda: own_model(["שלום", "אבא", "אמא"], "שלום"),
    "markup": lambda: own_model(["<b>&", "a b"], "<b>&" * 12),
    "asked": prediction,
    "asked for a number": lambda: prediction((), unit="letters of the text"),
    "guessed": lambda: prediction(guess=10),
    "answered": lambda: prediction(LONG_OPTIONS, LONG_OPTIONS[2], LONG_OPTIONS[2]),
    "nearest": lambda: prediction(guess=1, result=28.9),
    "not guessed": lambda: prediction(result=27),
    "number": lambda: prediction((), "12", 28.9, "letters"),
    "not attempted": lambda: mg.learn.check("09.temperature", mg.learn.todo()),
    "not yet": lambda: mg.learn.check("09.temperature", lambda logits, T: logits),
    "correct": lambda: mg.learn.check("09.temperature", temperature),
    "long values": lambda: LONG,
    "hint": lambda: mg.learn.hint("00.first_change", 3),
    "solution": lambda: mg.learn.solution("09.sample"),
}


@pytest.fixture(scope="module")
def outputs():
    """Name -> the outputs of its cell, as HTML."""
    made = {}
    for name, make in STATES.items():
        views = make()
        made[name] = [
            widget_html(view.box) if hasattr(view, "box") else view._repr_html_()
            for view in (views if isinstance(views, tuple) else (views,))
        ]
    return made


@pytest.fixture
def show(browser, outputs):
    """Load the outputs of some states in a page that imitates a front end, and return the page."""
    pages = []

    def show(names, width=720, theme="light", host="jupyterlab"):
        page = browser.new_page(viewport={"width": width + 32, "height": 900}, color_scheme=theme)
        pages.append(page)
        page.set_content(host_page(host, theme, [outputs[name] for name in names]))
        return page

    yield show
    for page in pages:
        page.close()


@pytest.mark.parametrize("host", ["jupyterlab", "vscode"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_cut_off_faint_or_in_the_way(show, host, theme):
    page = show(STATES, theme=theme, host=host)
    violations = []
    for width in (400, 560, 720, 1200):
        page.set_viewport_size({"width": width + 32, "height": 900})
        for part in page.locator(".mg-host").all():
            title = part.locator("h3").inner_text()
            found = text_violations(part) + overlapping_controls(part) + inner_scrollbars(part)
            violations += [f"{title}, {width} px: {text}" for text in found]
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        violations += [f"{width} px: the page is {overflow} px too wide"] * (overflow > 0)
    assert violations == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(show, theme):
    page = show(STATES, theme=theme)
    page.evaluate(AXE_SCRIPT)
    assert page.locator(".mg-host").evaluate_all(scripts.RUN_AXE) == []


def test_states_are_told_apart_without_colour(show):
    symbols = {"not attempted": "", "not yet": "✗", "correct": "✓"}
    for name, symbol in symbols.items():
        page = show([name])
        assert page.locator(".mg-icon").inner_text() == symbol
        assert page.locator("h3").inner_text().lower().lstrip("✗✓ \n").startswith(name)
    edge = "element => getComputedStyle(element).borderStyle"
    assert show(["not attempted"]).locator(".mg-icon").evaluate(edge) == "dashed"
    content = "element => getComputedStyle(element, '::after').content"
    for name, words in (("guessed", ["your guess"]), ("nearest", ["your guess", "nearest"])):
        said = [pill.evaluate(content) for pill in show([name]).locator("button.mg-pill").all()]
        assert [text.strip('" ') for text in said if text != "none"] == words


def test_pills_have_the_height_of_a_thumb_and_nothing_is_chosen(show):
    pills = show(["asked"]).locator("button.mg-pill")
    assert {pill.bounding_box()["height"] for pill in pills.all()} == {40}
    ground = "element => getComputedStyle(element).backgroundColor"
    assert len({pill.evaluate(ground) for pill in pills.all()}) == 1


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        notebook.run_cell(0)
        for index in (OPTIONS, NUMBER, LIKELIHOOD):
            notebook.run_cell(index)
        yield notebook


def caption(panel):
    return panel.locator(".mg-caption")


def test_a_prediction_by_keys_alone(notebook):
    panel = notebook.panel(OPTIONS)
    group = panel.get_by_role("group", name="Among how many letters?", exact=True)
    assert notebook.tab_stops(panel) == [("submit", "1"), ("submit", "10"), ("submit", "27")]
    group.get_by_role("button", name="1", exact=True).press("Enter")
    expect(caption(panel)).to_contain_text("You say 1.")
    chosen = group.get_by_role("button", pressed=True)
    expect(chosen).to_have_count(1)
    expect(chosen).to_have_accessible_name("1 your guess")
    assert notebook.axe_violations(panel) == []
    notebook.run_cell(REVEAL)
    answer = "You said 1; it is 27. Twenty-seven."
    expect(notebook.outputs(REVEAL)).to_contain_text(answer)
    expect(caption(panel)).to_contain_text(answer)
    assert notebook.axe_violations(panel) == []
    assert notebook.axe_violations(notebook.outputs(REVEAL).locator(".mg-host")) == []
    notebook.run_cell(OPTIONS)
    expect(caption(notebook.panel(OPTIONS))).to_contain_text(answer)
    notebook.screenshot("prediction", notebook.panel(OPTIONS))


def test_a_number_is_typed_and_survives_running_the_cell_again(notebook):
    panel = notebook.panel(NUMBER)
    box = panel.get_by_role("textbox", name="Your guess")
    box.fill("1,200")
    box.press("Enter")
    expect(caption(panel)).to_contain_text("You say 1,200 letters.")
    notebook.run_cell(NUMBER)
    panel = notebook.panel(NUMBER)
    expect(panel.get_by_role("textbox", name="Your guess")).to_have_value("1,200")
    assert notebook.axe_violations(panel) == []
    notebook.run_cell(REVEAL_NUMBER)
    expect(panel.get_by_role("textbox")).to_be_hidden()
    expect(panel.locator(".mg-answers")).to_contain_text("28.9 letters measured")


def test_a_name_is_typed_and_a_button_fills_another_in(notebook):
    panel = notebook.panel(LIKELIHOOD)
    box = panel.get_by_role("textbox", name="Name")
    box.fill("maria")
    box.press("Enter")
    expect(caption(panel)).to_contain_text("“maria”")
    expect(panel.get_by_role("heading")).to_have_text("How likely is “maria”?")
    panel.get_by_role("button", name="kevin").press("Enter")
    expect(box).to_have_value("kevin")
    line = panel.get_by_role("img")
    expect(line).to_have_accessible_name(
        re.compile(r"this text 1 in 210,000, random 1 in 390 million")
    )
    assert panel.get_by_role("row").count() == 1 + 6 + 3
    panel.get_by_role("button", name="numbers").press("Enter")
    expect(panel.locator("table.mg-table")).to_contain_text("2.991772")
    assert notebook.axe_violations(panel) == []
    notebook.screenshot("likelihood", panel)


def test_a_check_that_takes_long_says_so_until_its_card_is_there(notebook):
    notebook.scroll_to(ENDLESS)
    notebook.run_cell(ENDLESS, wait=False)
    outputs = notebook.outputs(ENDLESS)
    expect(outputs).to_contain_text("It is stopped after 3 seconds of computing")
    notebook.wait_idle()
    expect(outputs).to_contain_text("Not yet")
    expect(outputs).not_to_contain_text("It is stopped after 3 seconds")
    assert notebook.cell(ENDLESS).locator(".jp-OutputArea-output").count() == 1


def test_no_error_inside(notebook):
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")
    assert notebook.cell_errors() == []
    assert notebook.errors == []
