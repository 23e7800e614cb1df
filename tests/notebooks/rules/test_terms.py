"""Rules for terms and corpora."""

import pytest
from course.rules import terms
from notebook_pages import TEXT, check_rule, code, md, page

TERM = "This **loss** is a number that says how wrong it is."

# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    terms.terms_are_defined_once: (
        page(md(TERM), md("*Not new* and `**kw`."), concepts=(("loss", ("00_test",)),)),
        (page(md(TERM)), "does not list 'loss'"),
        (page(md(TERM), md(TERM), concepts=(("loss", ("00_test",)),)), "a second time"),
        (page(md(TERM), concepts=(("loss", ("03_test",)),)), "elsewhere"),
        (page(md("The **loss**."), concepts=(("loss", ("00_test",)),)), "no sentence defines"),
        (page(md("Nothing."), concepts=(("loss", ("00_test",)),)), "never bold"),
        (page(*[md(TERM.replace("loss", word)) for word in "abcdefg"]), "7 terms are bold"),
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
}


def test_every_rule_is_tested():
    assert set(CASES) == set(terms.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    check_rule(rule, *CASES[rule])
