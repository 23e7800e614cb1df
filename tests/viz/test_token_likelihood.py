"""The likelihood of a text: what the sentence says, and why a text has none."""

import math
from types import SimpleNamespace

import pytest

from microgpt.viz.token_likelihood import (
    TextScores,
    TokenScore,
    likelihood_sentence,
    likelihood_table,
    question,
    score_rows,
    total_rows,
)

PARAMS = SimpleNamespace(temperature=1.0, top_k=3, top_p=None, min_p=0.0)
END = "⟨BOS⟩"


def token(label, prob, rank, preceding="", binding_filter=None):
    return TokenScore(label, prob, rank, 27, 3, binding_filter, preceding)


def scores(*tokens, text="abc", **fields):
    return TextScores(text, PARAMS, tokens, sum(one.nll for one in tokens), **fields)


ABC = scores(token("a", 0.5, 0), token("b", 0.01, 9, "a"), token("c", 0.2, 2, "b"))


def test_the_odds_stand_beside_those_of_random_letters():
    assert likelihood_sentence(ABC) == (
        "“abc”: 1 in 1,000, about 20 times as probable as random letters of the same length. "
        "Its least probable letter is “b” in place 2, with a probability of 1.0 %."
    )
    assert "“abc” (new): " in likelihood_sentence(scores(*ABC.tokens, memorization="new"))


@pytest.mark.parametrize(
    ("prob", "comparison"),
    [
        (1 / 27, "about as probable as random letters"),
        (1.4 / 27, "about as probable as random letters"),
        (1.6 / 27, "about 1.6 times as probable as random letters"),
        (1 / 270, "about 10 times less probable than random letters"),
        (1e-20, "about 10¹⁹ times less probable than random letters"),
    ],
)
def test_a_text_is_compared_with_random_letters(prob, comparison):
    assert f", {comparison} of the same length." in likelihood_sentence(scores(token("a", prob, 0)))


def test_the_least_likely_token_is_the_first_of_equals():
    equal = scores(token("a", 0.5, 0), token("b", 0.5, 0, "a"))
    assert "letter is “a” in place 1" in likelihood_sentence(equal)
    assert [row.is_rarest for row in score_rows(equal)[0]] == [True, False]
    alone = scores(token("a", 0.5, 0), text="a")
    assert "least probable" not in likelihood_sentence(alone)
    assert [row.is_rarest for row in score_rows(alone)[0]] == [False]


def test_the_end_is_no_letter():
    ends = scores(token("a", 0.5, 0), token(END, 0.0001, 20, "a"), text="a")
    assert likelihood_sentence(ends).endswith(
        "Least probable is that it ends after “a”, with a probability below 0.1 %."
    )


@pytest.mark.parametrize(
    ("binding_filter", "preceding", "reason"),
    [
        ("top_k", "a", "“b” after “a” has rank 5, top-k 3 keeps 3."),
        ("top_k", "", "“b” as the first letter has rank 5, top-k 3 keeps 3."),
        (None, "a", "“b” after “a” has rank 5, and at T = 0 only the first is taken."),
    ],
)
def test_a_text_that_cannot_come_says_why(binding_filter, preceding, reason):
    cut = scores(token("b", 0.0, 4, preceding, binding_filter), text="b")
    assert likelihood_sentence(cut) == f"“b” cannot be produced: {reason}"
    assert score_rows(cut)[0][0].prob == "cut"
    assert total_rows(cut) == [("all 1 together", "cannot be produced", "∞ nats")]


def test_a_text_without_scores_says_why():
    assert likelihood_sentence(TextScores("", PARAMS)).startswith("Type a name")
    unknown = TextScores("é" * 9, PARAMS, unknown_chars=tuple("éèêëöäüßñ"))
    assert "never met “é”, “è”, “ê”, “ë”, “ö”, “ä”, “ü”, “ß”, so" in likelihood_sentence(unknown)
    assert likelihood_sentence(TextScores("a", PARAMS, error="too long")) == "Too long."
    assert question(TextScores("", PARAMS)) == "How likely is a name?"
    assert question(ABC) == "How likely is “abc”?"


def test_bars_fill_an_axis_that_ends_above_the_largest():
    rows, end = score_rows(ABC)
    assert end == 0.6
    assert [row.share for row in rows] == pytest.approx([0.5 / 0.6, 0.01 / 0.6, 0.2 / 0.6])
    assert rows[1] == ("b", rows[1].share, "1.0 %", "10 of 27", "4.61", True)


def test_loss_and_perplexity_of_the_text_follow_from_its_nats():
    mean = ABC.nll / 3
    labels = [row.label for row in total_rows(ABC)]
    assert [(row.odds, row.number) for row in total_rows(ABC)] == [
        ("1 in 1,000", "6.91 nats"), ("", f"{mean:.2f} nats"), ("", f"{math.exp(mean):.1f}"),
    ]  # fmt: skip
    assert labels[0] == "all 3 together"
    assert "cross-entropy loss" in labels[1]
    assert labels[2].endswith("the perplexity, like choosing among 10.0 letters, not 27")
    unlikely = scores(token("q", 0.01, 26), text="q")
    assert total_rows(unlikely)[2].label.endswith("worse than knowing nothing, which is 27")


def test_a_long_text_shows_its_last_seven_tokens_and_the_rest_in_one_row():
    sixteen = scores(*[token("a", 0.5, 0)] * 16, text="a" * 16)
    assert len(score_rows(sixteen)[0]) == 16
    longer = scores(*[token("b", 0.25, 1)] * 10, *[token("a", 0.1, 0)] * 7, text="b" * 17)
    (first, *last), end = score_rows(longer)
    assert first == ("the first 10 letters together", None, "1 in a million", "", "13.86", False)
    assert [row.label for row in last] == ["a"] * 7
    assert end == 0.1


def test_the_table_counts_ranks_from_one():
    table = likelihood_table(ABC)
    nll = -math.log(0.01)
    assert f'<td class="mg-text">b</td><td>10</td><td>0.010000</td><td>{nll:.6f}</td>' in table
    assert "<td>0.000000</td><td></td>" in likelihood_table(scores(token("b", 0.0, 4)))
