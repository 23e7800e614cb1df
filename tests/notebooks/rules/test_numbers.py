"""The rule for numbers in prose, and their expressions."""

import pytest
from course.rules import numbers
from notebook_pages import check_rule, md, number_entry, page

from microgpt.errors import FormatError

# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    numbers.numbers_are_held: (
        page(
            md("GPT-2 on `names-mini`: 2.37 nats, 1,024 tokens, 27 letters, `0.5`, 3 times."),
            numbers=(number_entry("2.37 nats", "names-mini"),),
            settings=({"text": "1,024 tokens"},),
        ),
        (page(md("A loss of 2.37 there.")), "'2.37'"),
        (page(md("It is 13 % of them.")), "'13 %'"),
        (page(md("About thirty thousand times.")), "'thousand'"),
        (page(md("A loss of 2.37."), numbers=(number_entry("2.37", "names-mini"),)), "name it"),
        (page(md("None."), settings=({"text": "1,024 tokens"},)), "which is in no prose"),
    ),
}


def test_every_rule_is_tested():
    assert set(CASES) == set(numbers.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    check_rule(rule, *CASES[rule])


@pytest.mark.parametrize(
    ("text", "value", "error"),
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
def test_expressions_are_evaluated(text, value, error):
    corpus = "names-mini" if "corpus" in value else "none"
    found = numbers.value_error(number_entry(text, corpus, value=value))
    assert found is None if error is None else error in found


def test_an_expression_gives_a_number_for_each_in_its_text():
    with pytest.raises(FormatError, match="has 2 numbers, its expression gives 1"):
        numbers.value_error(number_entry("1 in 4,800", value="4800"))


def test_entries_have_the_right_fields():
    assert numbers.field_error("number", number_entry("1")) is None
    entry = {key: one for key, one in number_entry("1", extra=1).items() if key != "seed"}
    assert "['extra', 'seed']" in numbers.field_error("number", entry)
    entry = {"notebook": "00_test", "text": "1,024"}
    assert "['reason']" in numbers.field_error("setting", entry)
