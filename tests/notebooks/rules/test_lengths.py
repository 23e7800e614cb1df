"""Rules for lengths and headings."""

import pytest
from course.rules import lengths
from notebook_pages import TEXT, check_rule, code, md, page

# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
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
        (page(md("# One\n\n### Three deep")), "is an H3 under an H1"),
        (page(md("# One\n\n" + "## So it goes\n\n" * 9)), "9 H2"),
        (page(md("# One\n\n## The training")), "a question or a claim"),
        (page(md("# One\n\n## Numbers")), "a question or a claim"),
    ),
}


def test_every_rule_is_tested():
    assert set(CASES) == set(lengths.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    check_rule(rule, *CASES[rule])
