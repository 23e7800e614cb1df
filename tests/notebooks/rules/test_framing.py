"""The rule for numbers between their neighbours."""

import pytest
from course.rules import framing
from notebook_pages import TEXT, check_rule, code, page

FRAMED = ({"number": "perplexity", "neighbours": ["knowing nothing", "your model"]},)


def frame(text, tag="frames:perplexity"):
    return code("show", {**TEXT, "text": text}, tags=[tag])


# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    framing.numbers_are_framed: (
        page(frame("27.0 knowing nothing\n12.3 your model"), framed=FRAMED),
        (page(framed=FRAMED), "no cell is tagged frames:perplexity"),
        (page(frame("27.0 knowing nothing"), framed=FRAMED), "beside 'your model'"),
        (page(frame("27\nknowing nothing\n12 your model"), framed=FRAMED), "'knowing nothing'"),
        (page(frame("1", "frames:loss")), "frames 'loss', which numbers.toml does not list"),
    ),
}


def test_every_rule_is_tested():
    assert set(CASES) == set(framing.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    check_rule(rule, *CASES[rule])
