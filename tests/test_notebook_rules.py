"""Each rule of the course's notebooks, with one notebook that keeps it and some that break it."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.append(str(Path(__file__).parent.parent / "notebooks"))

from course import ending, lengths, numbers, prose, reporting, showing, tasks, terms, wording
from course.page import Cell, Page

import microgpt as mg

PICTURE = {"output_type": "display_data", "data": {"image/png": "…", "text/plain": "It fell."}}
TEXT = {"output_type": "stream", "name": "stdout", "text": "27\n"}
END = "## What this does not show\n\nSize.\n\n**You can now say.** One. Two. Three.\n\n"
LAST = "*Explain to a friend*: where are the names? Go on to [the next](01.ipynb)."
ENOUGH = "This **loss** is a number that says how wrong it is."


def md(text, *tags):
    return Cell("text", "markdown", text, tags)


def code(text, *outputs, tags=(), notes=()):
    return Cell("code", "code", text, tuple(tags), outputs, notes)


def page(*cells, name="00_test", **declared):
    return Page(name, cells, **declared)


def number(text, corpus="none", **more):
    return {"notebook": "00_test", "text": text, "value": "0", "corpus": corpus, "seed": 0, **more}


def ask(id, *notes):
    return code("ask", TEXT, tags=[f"predict:{id}"], notes=notes or ("misconception: all",))


def answer(id):
    return code("show", TEXT, tags=[f"answer:{id}"])


stub = code("mine = todo()", tags=["exercise:00.first"])
checked = code("check", TEXT, tags=["check:00.first"])
predictions = (ask("00.a"), answer("00.a"), ask("00.b"), code('answer("00.b")', TEXT))

# rule: a page that keeps it, then pages that break it with a part of the sentence that says so
CASES = {
    wording.no_banned_words: (
        page(md("An adjustment, `simply`, of a $just$ thing."), code("x = 'just'", TEXT)),
        (page(md("It is Simply so.")), "'Simply'"),
        (page(md("Of\ncourse it is.")), "'Of course'"),
        (page(code("print('that is easy')", TEXT)), "'easy'"),
        (page(code("x = 1  # the trivial one", TEXT)), "'trivial'"),
    ),
    wording.the_model_has_no_mind: (
        page(md("You know that the model gives chances. A thought: they stay.")),
        (page(md("The model knows it.")), "'model knows'"),
        (page(md("Here it does not really understand.")), "'it does not really understand'"),
        (page(md("The heads want more.")), "'heads want'"),
        (page(md("They never believed it.")), "'They never believed'"),
    ),
    wording.the_reader_is_you: (
        page(md("You weigh the newest one.")),
        (page(md("Now we train.")), "'we'"),
        (page(md("Let\u2019s train.")), "Let's"),
    ),
    wording.no_exclamations: (
        page(md("`!ls` and `a != b`."), code("print(f'{x!r} is not y', x != y)", TEXT)),
        (page(md("Look at that!")), "that!"),
        (page(md("Good 🎉.")), "🎉"),
        (page(code("print('all done!')", TEXT)), "all done!"),
    ),
    wording.spelling_is_british: (
        page(md("The optimiser's colour: a tokenizer of this size, resized, `color`.")),
        (page(md("The optimizer runs.")), "'optimizer'"),
        (page(md("Its Favorite color.")), "'Favorite'"),
        (page(md("Initialized, in the center.")), "'center'"),
    ),
    lengths.cells_are_short: (
        page(md("word " * 90)),
        (page(md("word " * 91)), "91 words; at most 90"),
        (page(*[md("word " * 90)] * 21), "1,890 words"),
    ),
    lengths.sentences_are_short: (
        page(md(f"{'word ' * 29}end. Then, e.g. here, a short one. Another one.")),
        (page(md("word " * 31)), "has 31 words"),
        (page(md(f"{'word ' * 18}end.")), "average 19.0 words"),
    ),
    lengths.prose_is_broken_up: (
        page(md("word " * 61), code("1", TEXT), md("word " * 61), md("word " * 60)),
        (page(md("word " * 61), md("word " * 61)), "61 and 61 words in a row"),
    ),
    lengths.headings_form_a_tree: (
        page(md("# One\n\n## Can it?\n\n### Yes"), md("## It can do so\n\n## You can now say")),
        (page(md("## What first?")), "is an H1"),
        (page(md("# One\n\n### Three deep")), "skips"),
        (page(md("# One\n\n" + "## So it goes\n\n" * 9)), "9 H2"),
        (page(md("# One\n\n## The training")), "a question or a claim"),
        (page(md("# One\n\n## Numbers")), "a question or a claim"),
    ),
    showing.code_is_short: (
        page(code("x\n" * 15, {"output_type": "stream", "text": "y\n" * 25})),
        (page(code("x\n" * 16, TEXT)), "16 lines of code"),
        (page(code("x", {"output_type": "stream", "text": "y\n" * 26})), "26 lines of output"),
    ),
    showing.every_cell_shows_something: (
        page(code("1", TEXT), stub),
        (page(code("x = 1")), "shows nothing"),
    ),
    showing.no_cell_complains: (
        page(code("1", TEXT)),
        (page(code("1", {**TEXT, "name": "stderr"})), "stderr"),
        (page(code("1", {"output_type": "error", "ename": "E"})), "error"),
    ),
    showing.views_are_introduced: (
        page(md("Look at the dots."), ask("00.a"), code("mg.viz.plot(x)", PICTURE)),
        (page(md("## Look there"), code("mg.viz.plot(x)", PICTURE)), "what to look at"),
        (page(md("Look."), code("1", TEXT), code("mg.widgets.Album(x)", PICTURE)), "say before"),
        (page(code("mg.widgets.Album(x)", PICTURE)), "say before"),
    ),
    showing.views_have_captions: (
        page(
            code("mg.widgets.Album(x)", {"data": PICTURE["data"] | {"text/plain": "So it fell."}})
        ),
        (page(code("mg.viz.plot(x)", TEXT)), "without a picture"),
        (page(code("mg.viz.plot(x)", PICTURE)), "without a sentence"),
    ),
    numbers.numbers_are_held: (
        page(
            md("GPT-2 on `names-mini`: 2.37 nats, 1,024 tokens, 27 letters, `0.5`, 3 times."),
            numbers=(number("2.37 nats", "names-mini"),),
            settings=({"text": "1,024 tokens"},),
        ),
        (page(md("A loss of 2.37 there.")), "'2.37'"),
        (page(md("It is 13 % of them.")), "'13 %'"),
        (page(md("About thirty thousand times.")), "'thousand'"),
        (page(md("A loss of 2.37."), numbers=(number("2.37", "names-mini"),)), "name it"),
        (page(md("None."), settings=({"text": "1,024 tokens"},)), "which no prose says"),
    ),
    terms.terms_are_defined_once: (
        page(md(ENOUGH), md("*Not new* and `**kw`."), concepts=(("loss", ("00_test",)),)),
        (page(md(ENOUGH)), "does not know 'loss'"),
        (page(md(ENOUGH), md(ENOUGH), concepts=(("loss", ("00_test",)),)), "a second time"),
        (page(md(ENOUGH), concepts=(("loss", ("03_test",)),)), "elsewhere"),
        (page(md("The **loss**."), concepts=(("loss", ("00_test",)),)), "no sentence defines"),
        (page(md("Nothing."), concepts=(("loss", ("00_test",)),)), "never bold"),
        (page(*[md(ENOUGH.replace("loss", word)) for word in "abcdefg"]), "7 terms are bold"),
    ),
    terms.partial_derivatives_stand_in_01: (
        page(md("Read ∂L as “partial L”."), name="01_test"),
        (page(md("∂L and ∂x."), name="01_test"), "2 times"),
        (page(md("∂L.")), "dL/dx"),
    ),
    terms.the_top_names_the_corpus: (
        page(md("# A\n\nCorpus: `names-mini`."), code('mg.load_corpus("names-mini")', TEXT)),
        (page(md("# A"), code('mg.load_corpus("names-mini")', TEXT)), "'names-mini'"),
    ),
    tasks.predictions_are_answered: (
        page(*predictions),
        (page(*predictions[:2]), "1 predictions"),
        (page(*[ask(f"00.{letter}") for letter in "abcde"]), "5 predictions"),
        (page(*predictions[2:], ask("00.a", "measured: 3"), answer("00.a")), "no misconception"),
        (page(*predictions, ask("00.c")), "'00.c' is not answered"),
        (page(*predictions, answer("00.c"), ask("00.c")), "'00.c' is not answered"),
    ),
    tasks.exercises_are_checked: (
        page(md("5 minutes, difficulty 1."), stub, checked),
        (page(md("5 minutes."), stub), "no later cell tagged check:00.first"),
        (page(md("Do it."), stub, checked), "how many minutes"),
        (page(md("5 minutes."), stub, checked, name="09_test"), "does not belong"),
    ),
    ending.the_end_is_complete: (
        page(md("# A"), md(END + LAST)),
        (page(md("# A"), md(LAST)), "found: ['Explain to a friend']"),
        (page(md(END + LAST + "\n\n" + LAST)), "each once"),
        (page(md(END.replace(" Three.", "") + LAST)), "2 sentences; write 3"),
        (page(md(END.replace("Size.", "word " * 61) + LAST)), "61 words"),
        (page(md(END + "*Explain to a friend*")), "says nothing"),
    ),
    ending.the_end_links_onwards: (
        page(md("See [this](x.md)."), md(END + LAST)),
        (page(md(END)), "found 0"),
        (page(md(END + LAST), md("And [that](y.md).")), "found 2"),
    ),
}
LEARN = {tasks.statements_are_complete, tasks.no_solutions}


def test_every_rule_is_tested():
    assert set(CASES) | LEARN == set(reporting.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    kept, *broken = CASES[rule]
    assert rule(kept) == []
    for wrong, sentence in broken:
        assert any(sentence in said for said in rule(wrong)), (sentence, rule(wrong))


def doubled(x):
    # A comment of the solution.
    """Twice x."""
    return x + x * 1.0 + 0.0


def a_run():
    names = mg.load_corpus("names-mini")
    return mg.GPT(mg.GPTConfig(n_embd=32)), names


def exercise(**changes):
    whole = {"statement": "Double x.", "signature": "doubled(x) -> float", "example": (1, 2)}
    whole |= {"id": "00.first", "minutes": 5, "solution": doubled, "is_function": True}
    return SimpleNamespace(**{**whole, **changes})


def test_statements_are_read_from_the_exercises():
    kept = page(md("5 minutes."), stub)
    assert tasks.statements_are_complete(kept, {"00.first": exercise()}) == []
    for known, sentence in (
        ({"00.other": exercise()}, "is not one of microgpt.learn: 00.other"),
        ({"00.first": exercise(statement="word " * 61)}, "61 words"),
        ({"00.first": exercise(example=None, signature="")}, "lacks signature, example"),
        ({"00.first": exercise(minutes=4)}, "takes 4 minutes; the text says 5"),
    ):
        assert any(sentence in said for said in tasks.statements_are_complete(kept, known))


def test_no_solution_is_given_away():
    known = {"00.first": exercise()}
    assert tasks.solution_lines(exercise()) == {"return x + x * 1.0 + 0.0"}
    assert tasks.no_solutions(page(stub, md("Return x.")), known) == []
    line = "    return x + x * 1.0 + 0.0"
    shown = {"output_type": "stream", "text": line}
    for wrong in (page(md(line)), page(code("def f(x):\n" + line)), page(code("1", shown))):
        assert "gives '00.first' away" in tasks.no_solutions(wrong, known)[0]
    known = {"00.first": exercise(solution=a_run, is_function=False)}
    assert tasks.no_solutions(page(code('names = mg.load_corpus("names-mini")')), known) == []
    whole = code(
        'names = mg.load_corpus("names-mini")\nreturn mg.GPT(mg.GPTConfig(n_embd=32)), names'
    )
    assert "gives '00.first' away" in tasks.no_solutions(page(whole), known)[0]


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("4,192 numbers", "mg.GPT(mg.GPTConfig.microgpt()).parameter_count()", None),
        ("2.37 ± 0.01", "(2.3749, 0.0099)", None),
        ("13 %", "0.1274", None),
        ("falls by −0.67", "-0.671", None),
        ("thirty thousand", "'thirty thousand'", None),
        ("6,632 lines", "len(corpus) + seed", None),
        ("2.37", "2.3651", None),
        ("2.37", "2.3649", "says 2.37, its expression gives 2.36"),
        ("−0.67", "0.67", "says -0.67"),
        ("twenty thousand", "'thirty thousand'", "does not say"),
    ],
)
def test_numbers_are_evaluated(text, value, said):
    corpus = "names-mini" if "corpus" in value else "none"
    found = numbers.disagreement(number(text, corpus, value=value))
    assert found is None if said is None else said in found


def test_an_expression_gives_a_number_for_each_in_its_text():
    from microgpt.errors import FormatError

    with pytest.raises(FormatError, match="has 2 numbers, its expression gives 1"):
        numbers.disagreement(number("1 in 4,800", value="4800"))


def test_entries_of_numbers_are_complete():
    assert numbers.incomplete("number", number("1")) is None
    assert "['extra', 'seed']" in numbers.incomplete(
        "number", {key: one for key, one in number("1", extra=1).items() if key != "seed"}
    )
    assert "['reason']" in numbers.incomplete("setting", {"notebook": "00_test", "text": "1,024"})


def test_markdown_is_read_as_prose():
    text = (
        "# A `b`\n\nSee **it** [here](u) and $x + 1$.  \nTwo: e.g. this. `c` ends.\n\n- *One.* x\n"
    )
    head, text_, item = prose.blocks(text + "\n```python\nhidden\n```\n")
    assert (head.kind, head.level, head.text) == ("heading", 1, "A `code`")
    assert head.sentences == []
    assert (text_.bold, text_.links) == (("it",), ("u",))
    assert text_.sentences == ["See it here and `formula`.", "Two: e.g. this.", "`code` ends."]
    assert (item.kind, item.lead) == ("item", "One")
    cells = prose.blocks("| a | b |\n|---|---|\n| 1 | **two** words |\n")
    assert [(cell.kind, cell.words) for cell in cells] == [("cell", n) for n in (1, 1, 1, 2)]
    (details,) = prose.blocks("<details><summary>More</summary> words <img src='x'></details>")
    assert (details.words, details.figure) == (2, True)
