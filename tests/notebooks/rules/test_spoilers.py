"""Rules for predictions: nothing gives an answer away before the guess."""

import pytest
from course.rules import spoilers
from notebook_pages import MASKED, TEXT, check_rule, code, md, page

NOTES = ("misconception: all", "gives away: always|same name")
ASK = code("ask", TEXT, tags=["predict:00.a"], notes=NOTES)
SENTENCES = {"00.a": {"why": "The favourite is picked. It has {share}."}, "09.b": {"why": "No."}}


def answer(text='mg.learn.reveal("00.a", 1, share=2)', *outputs, **settings):
    tags = settings.pop("tags", ["answer:00.a"])
    return code(text, *(outputs or [MASKED]), tags=tags, **{"is_collapsed": True, **settings})


def given(rule):
    """The rule with the sentences of these tests in place of the catalogue."""
    return lambda checked: rule(checked, SENTENCES)


# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    spoilers.reveals_are_collapsed: (
        page(ASK, answer()),
        (page(ASK), "has 0 cells tagged answer:00.a"),
        (page(ASK, answer(), answer()), "has 2 cells"),
        (page(ASK, answer(is_collapsed=False)), "is not collapsed"),
        (page(ASK, answer('print("It is 1.")')), "does not call reveal('00.a', …) once"),
        (page(ASK, answer('mg.learn.reveal("00.b", 1)')), "does not call reveal('00.a', …) once"),
    ),
    spoilers.explanations_are_in_the_catalogue: (
        page(ASK, answer()),
        (page(ASK, answer('mg.learn.reveal("00.a", 1, "So.", share=2)')), "has a text"),
        (page(ASK, answer('mg.learn.reveal("00.a", 1)')), "gives [], its text needs ['share']"),
        (page(ASK, answer('mg.learn.reveal("00.a", 1, size=2)')), "gives ['size']"),
        (page(ASK, answer(tags=["answer:00.c"])), "messages.toml has no [predictions.'00.c']"),
        (page(md("Nothing.")), "messages.toml explains '00.a', which this notebook does not ask"),
    ),
    spoilers.answers_are_hidden: (
        page(
            md("It is always so."), ASK, md("Look."), code("show", MASKED, tags=["shows:00.a"]),
            answer(), md("It is always so."),
        ),
        (page(ASK, md("The same name comes."), answer()), "away: 'same name'"),
        (page(ASK, code('print("Always")', TEXT), answer()), "away: 'Always'"),
        (page(ASK, code("show", {**TEXT, "text": "always"}), answer()), "away: 'always'"),
        (page(ASK, md("Then the favourite is picked. So."), answer()), "away: 'the favourite is"),
        (page(code("ask", TEXT, tags=["predict:00.a"]), answer()), "no line # source: gives away"),
    ),
    spoilers.shown_answers_are_masked: (
        page(ASK, code("show", MASKED, tags=["shows:00.a"]), answer()),
        (page(ASK, code("show", TEXT, tags=["shows:00.a"])), "is not masked"),
        (page(ASK, answer("show", TEXT)), "is not masked"),
        (page(answer(), ASK), "'00.a', which is not asked before it"),
        (page(ASK, code("show", MASKED, tags=["shows:00.b"])), "'00.b', which is not asked"),
    ),
}  # fmt: skip


def test_every_rule_is_tested():
    assert set(CASES) == set(spoilers.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    reads_catalogue = rule in (
        spoilers.explanations_are_in_the_catalogue,
        spoilers.answers_are_hidden,
    )
    check_rule(given(rule) if reads_catalogue else rule, *CASES[rule])


def test_values_may_come_in_a_dictionary():
    unpacked = page(ASK, answer('mg.learn.reveal("00.a", 1, **values)'))
    assert spoilers.explanations_are_in_the_catalogue(unpacked, SENTENCES) == []


def test_every_entry_of_the_catalogue_is_one_explanation():
    for id, entry in spoilers.catalogue().items():
        assert set(entry) - {"is_rule"} == {"why"}, id
        assert entry["why"].endswith("."), id
