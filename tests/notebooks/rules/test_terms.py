"""Rules for terms and corpora."""

from dataclasses import replace

import pytest
from course.rules import terms
from course.rules.concepts import Concept, plural
from notebook_pages import TEXT, check_rule, code, md, page

TERM = "The surprise, or **loss**, is a number that says how wrong it is."
LOSS = Concept(
    "loss",
    ("00_test",),
    "surprise",
    short=("costs",),
    avoid=("surprise",),
    allowed=("no surprise",),
)
SEVEN = [Concept(letter, ("00_test",)) for letter in "abcdefg"]
ELSEWHERE = replace(LOSS, taught=("03_test",))


def introduced(*words, cells=True):
    """A cell for each term, or one for all of them."""
    texts = [TERM.replace("loss", word) for word in words]
    return map(md, texts) if cells else [md("\n\n".join(texts))]


def with_loss(*texts, concept=LOSS, name="00_test"):
    """A page of Markdown cells where `loss` is a known term."""
    return page(*map(md, texts), concepts=(concept,), name=name)


# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    terms.terms_are_defined_once: (
        with_loss(TERM, "*Not new* and `**kw`."),
        (page(md(TERM)), "does not list 'loss'"),
        (with_loss(TERM, TERM), "a second time"),
        (with_loss(TERM, concept=ELSEWHERE), "elsewhere"),
        (with_loss("The **loss**."), "no sentence defines"),
        (with_loss("Nothing."), "never bold"),
    ),
    terms.terms_are_few: (
        page(
            *introduced(*"abcdef"),
            *introduced("loss", "old"),
            concepts=(
                *SEVEN, replace(LOSS, core=True), Concept("old", ("00_a", "00_test")),
            ),
        ),
        (page(*introduced(*"abcdefg"), concepts=tuple(SEVEN)), "7 terms are new; at most 6 fit"),
        (page(*introduced(*"abcdefg")), "7 terms are new"),
        (page(*introduced(*"abcd", cells=False)), "introduces 4 terms; at most 3 fit"),
    ),
    terms.terms_follow_their_plain_words: (
        with_loss("A surprise.\n\nIts **loss** is a number that measures it for you."),
        with_loss("The **losses** are the numbers for each surprise of yours."),
        (with_loss("Its **loss** is a number. It is your surprise."), "do not stand before 'loss'"),
    ),
    terms.terms_are_used: (
        page(
            md(TERM), md("Losses fall."), md("It costs."), code('print("the loss")', TEXT),
            concepts=(LOSS,),
        ),
        (with_loss("Loss. Loss.", TERM, "Loss.\n\nlossless"), "is used 1 times after"),
        (page(md(TERM), code("loss = loss + loss"), concepts=(LOSS,)), "is used 0 times"),
    ),
    terms.plain_substitutes_end: (
        with_loss("What a surprise. " + TERM + " No surprise.", "Surprised by `surprise`."),
        (with_loss(TERM + " A surprise."), "says 'surprise'; write 'loss'"),
        (with_loss(TERM, "## A Surprise"), "says 'Surprise'"),
        (page(md(TERM), code('print("a surprise")', TEXT), concepts=(LOSS,)), "says 'surprise'"),
        (with_loss("The surprise.", concept=replace(LOSS, taught=("00_a",)), name="01_b"), "write"),
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
}  # fmt: skip


def test_every_rule_is_tested():
    assert set(CASES) == set(terms.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    kept, *others = CASES[rule]
    also_kept = [other for other in others if not isinstance(other, tuple)]
    check_rule(rule, kept, *(other for other in others if isinstance(other, tuple)))
    for other in also_kept:
        assert rule(other) == []


def test_an_earlier_notebook_may_say_it_plainly():
    assert terms.plain_substitutes_end(with_loss("A surprise.", concept=ELSEWHERE)) == []


def test_plurals():
    assert [plural(word) for word in ("entropy", "loss", "token")] == [
        "entropies", "losses", "tokens",
    ]  # fmt: skip
