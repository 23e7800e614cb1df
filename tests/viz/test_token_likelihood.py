"""The likelihood of a text: what the sentence says, and why a text has none."""

import math
from types import SimpleNamespace

import pytest
from svg import rects_of, texts_of

from microgpt.viz.token_likelihood import (
    TextScores,
    TokenScore,
    draw_token_likelihood,
    likelihood_sentence,
    likelihood_table,
)

PARAMS = SimpleNamespace(temperature=1.0, top_k=3, top_p=None, min_p=0.0)


def token(label, prob, rank, preceding="", binding_filter=None):
    return TokenScore(label, prob, rank, 27, 3, binding_filter, preceding)


def scores(*tokens, text="abc", **fields):
    return TextScores(text, PARAMS, tokens, sum(one.nll for one in tokens), **fields)


ABC = scores(token("a", 0.5, 0), token("b", 0.01, 9, "a"), token("c", 0.2, 2, "b"))


def test_the_rarest_token_is_named_with_its_place():
    assert likelihood_sentence(ABC) == (
        "\"abc\": 1 in 1,000. Its surprises add up to 6.91 nats; the greatest is 'b' in place 2, "
        "which had 1.0 %."
    )
    equal = scores(token("a", 0.5, 0), token("b", 0.5, 0, "a"))
    assert "the greatest is 'a' in place 1" in likelihood_sentence(equal)  # the first of equals
    assert '"abc" (new): ' in likelihood_sentence(scores(*ABC.tokens, memorization="new"))


@pytest.mark.parametrize(
    ("binding_filter", "preceding", "reason"),
    [
        ("top_k", "a", "'b' after 'a' has rank 5, top-k 3 keeps 3."),
        ("top_k", "", "'b' as the first letter has rank 5, top-k 3 keeps 3."),
        (None, "a", "'b' after 'a' has rank 5, and at T = 0 only the first is taken."),
    ],
)
def test_a_text_that_cannot_come_says_why(binding_filter, preceding, reason):
    score = token("b", 0.0, 4, preceding, binding_filter)
    sentence = likelihood_sentence(scores(score, text="b"))
    assert sentence == f'"b" cannot be produced: {reason}'


def test_a_text_without_scores_says_why():
    assert likelihood_sentence(TextScores("", PARAMS)).startswith("Type a name")
    unknown = TextScores("é" * 9, PARAMS, unknown_chars=tuple("éèêëöäüßñ"))
    assert "never met 'é', 'è', 'ê', 'ë', 'ö', 'ä', 'ü', 'ß', so" in likelihood_sentence(unknown)
    assert likelihood_sentence(TextScores("a", PARAMS, error="too long")) == "Too long"


def test_bars_are_as_long_as_the_probabilities():
    drawing, caption = draw_token_likelihood(ABC)
    assert drawing.caption == caption == likelihood_sentence(ABC)
    widths = [float(width.rstrip("%")) for _, width in rects_of(drawing, "prob")]
    assert [width / widths[0] for width in widths] == pytest.approx([1, 0.02, 0.4], abs=1e-3)
    labels = texts_of(drawing, "prob-label")
    assert labels[1] == "1.0 % · rank 10 of 27 · 4.61 nats"
    assert draw_token_likelihood(ABC, "another")[1] == "another"


def test_the_table_counts_ranks_from_one():
    table = likelihood_table(ABC)
    nll = -math.log(0.01)
    assert f"<td>b</td><td>10</td><td>0.010000</td><td>{nll:.6f}</td>" in table
    assert "<td>0.000000</td><td></td>" in likelihood_table(scores(token("b", 0.0, 4)))
