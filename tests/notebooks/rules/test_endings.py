"""Rules for the end of a notebook."""

import pytest
from course.rules import endings
from notebook_pages import check_rule, md, page

END = "## What this does not show\n\nSize.\n\n**You can now say.** One. Two. Three.\n\n"
LAST = "*Explain to a friend*: where are the names? Go on to [the next](01.ipynb)."

# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    endings.the_end_is_complete: (
        page(md("# A"), md(END + LAST)),
        (page(md("# A"), md(LAST)), "found: ['Explain to a friend']"),
        (page(md(END + LAST + "\n\n" + LAST)), "each once"),
        (page(md(END.replace(" Three.", "") + LAST)), "2 sentences; write 3"),
        (page(md(END.replace("Size.", "word " * 61) + LAST)), "61 words"),
        (page(md(END + "*Explain to a friend*")), "says nothing"),
    ),
    endings.the_end_links_onwards: (
        page(md("See [this](x.md)."), md(END + LAST)),
        (page(md(END)), "found 0"),
        (page(md(END + LAST), md("And [that](y.md).")), "found 2"),
    ),
}


def test_every_rule_is_tested():
    assert set(CASES) == set(endings.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    check_rule(rule, *CASES[rule])
