"""The rule for what a notebook claims of its experiments."""

import pytest
from course.rules import claims
from measuring.claim import NOT_SEEN
from notebook_pages import TEXT, check_rule, code, page


def measured(claim, effect, spread, verdict):
    return {"claim": claim, "effect": effect, "spread": spread, "verdict": verdict}


FALLS = measured("falls", -0.9, 0.2, "seen")
SAME = measured("same", 0.04, 0.05, "no difference seen")


def noting(*notes):
    return code("train()", TEXT, notes=notes)


# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    claims.claims_are_measured: (
        page(
            noting("claims: falls", "no difference seen: same, alike"),
            measured=(FALLS, SAME, SAME | {"claim": "alike"}),
        ),
        (page(noting("claims: falls")), "'falls' is not measured"),
        (page(noting("claims: same"), measured=(SAME,)), "measured: 'no difference seen'"),
        (page(noting("no difference seen: falls"), measured=(FALLS,)), "measured: 'seen'"),
        (
            page(noting("claims: same"), measured=(SAME | {"verdict": "seen"},)),
            "0.04 ± 0.05: that is not 'seen'",
        ),
        (
            page(noting("no difference seen: falls"), measured=(FALLS | {"verdict": NOT_SEEN},)),
            "-0.9 ± 0.2: that is not 'no difference seen'",
        ),
        (page(noting(), measured=(FALLS,)), "no cell notes it"),
    ),
}


def test_every_rule_is_tested():
    assert set(CASES) == set(claims.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    check_rule(rule, *CASES[rule])
