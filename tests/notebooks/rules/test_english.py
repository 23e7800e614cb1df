"""The rule for natural English, and its list."""

import pytest
from course.rules import english
from notebook_pages import TEXT, check_rule, code, md, page

# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    english.english_is_natural: (
        page(
            md(
                "Diet, scroll, `die`: the bar is long, and the box stands. At the end comes a dart."
            ),
            code('"""A die."""\ndice = roll("x1")', TEXT),
        ),
        (page(md("The dial is at nought.")), "'nought'; write 0, or nothing"),
        (page(md("A Die is thrown.")), "'Die'; write the dart"),
        (page(code('print("Roll again")', TEXT)), "'Roll'; write throw"),
        (page(code('print(f"a die: {x}")', TEXT)), "'die'"),
        (page(md("Blue is above 0, size is size.")), "'size is size'"),
        (page(md("The greatest chance.")), "'greatest'; write largest"),
        (page(md("At the end stands one score for each.")), "'At the end stands'"),
        (page(md("With 0.2, the bar is 0.2 times as long.")), "'bar is 0'; write threshold"),
    ),
}


def test_every_rule_is_tested():
    assert set(CASES) == set(english.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    check_rule(rule, *CASES[rule])


def test_strings_are_read_without_docstrings_and_numbers():
    code = (
        '"""A."""\n\n\ndef f():\n    """B."""\n    return f"c {1}", "1"\n\n\nclass C:\n    "D."\n'
    )
    assert list(english.strings_in_code(code)) == ["c "]
    assert list(english.strings_in_code("%time 'e'")) == ["time", "'e'"]
