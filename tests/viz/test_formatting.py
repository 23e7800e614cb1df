"""Numbers and tokens as they are written."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt.viz.formatting import (
    distinct_decimals,
    format_odds,
    format_param,
    format_permille,
    format_perplexity,
    format_prob,
    quoted,
    quoted_text,
    ranked,
    to_permille,
    visible,
    width_in_em,
)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60).filter(lambda row: sum(row) > 0.01))
@settings(max_examples=1000, deadline=None)
def test_permille_add_up_and_stay_near(row):
    probs = np.array(row) / sum(row)
    rounded = to_permille(probs)
    assert sum(rounded) == 1000
    for permille, prob in zip(rounded, probs, strict=True):
        assert permille == 0 or prob >= 0.0005
        if len(row) <= 20 and prob >= 0.0005:
            assert abs(permille - 1000 * prob) <= 10


def test_small_and_filtered_probabilities_have_words():
    assert format_permille(0) == "< 0.1 %"
    assert format_permille(236) == "23.6 %"
    assert format_permille(236, kept=False) == "cut"


@pytest.mark.parametrize(
    ("odds", "text"),
    [(1, "1 in 1.0"), (2, "1 in 2.0"), (9.94, "1 in 9.9"), (9.96, "1 in 10"), (35.2, "1 in 35"),
     (99.4, "1 in 99"), (123, "1 in 120"), (4812, "1 in 4,800"), (9960, "1 in 10,000"),
     (994_000, "1 in 990,000"), (996_000, "1 in a million"), (1.23e6, "1 in 1.2 million"),
     (14_348_907, "1 in 14 million"), (9.96e8, "1 in a billion"), (2.34e9, "1 in 2.3 billion"),
     (4e14, "1 in 400 trillion"), (9.94e14, "1 in 990 trillion"), (9.96e14, "1 in 10¹⁵"),
     (1e20, "1 in 10²⁰"), (float("inf"), "cannot be produced")],
)  # fmt: skip
def test_odds(odds, text):
    assert format_odds(math.log(odds)) == text


@pytest.mark.parametrize(
    ("prob", "text"),
    [(0, "0.0 %"), (1e-9, "< 0.1 %"), (0.00049, "< 0.1 %"), (0.00051, "0.1 %"), (0.004, "0.4 %"),
     (0.236, "23.6 %"), (1, "100.0 %")],
)  # fmt: skip
def test_probabilities_in_per_cent(prob, text):
    assert format_prob(prob) == text


@pytest.mark.parametrize(
    ("perplexity", "text"),
    [(27, "27.0"), (99.94, "99.9"), (100.4, "100"), (50257, "50,257"), (1.1e6, "over a million")],
)
def test_perplexities(perplexity, text):
    assert format_perplexity(math.log(perplexity)) == text


@pytest.mark.parametrize(
    ("rank", "text"),
    [(0, "the most probable"), (1, "the 2nd most probable"), (2, "the 3rd most probable"),
     (3, "the 4th most probable"), (10, "the 11th most probable"), (11, "the 12th most probable"),
     (12, "the 13th most probable"), (20, "the 21st most probable"),
     (110, "the 111th most probable"),
     (1233, "the 1,234th most probable")],
)  # fmt: skip
def test_ranks_in_words(rank, text):
    assert ranked(rank) == text


def test_widths_are_never_too_small():
    """Measured in DejaVu Sans, which is the widest of the fonts that a page may use."""
    from matplotlib.textpath import TextPath

    for text in ("forward", "rank 50,257", "mmm www", "the 13th most probable", "end", "123.4 %"):
        bounds = TextPath((0, 0), text, size=100).get_extents()
        assert bounds.x1 <= 100 * width_in_em(text) <= 1.6 * bounds.x1
    assert width_in_em("東京") > 2
    assert width_in_em("a\u0301\u200d") == width_in_em("a")


def test_odds_beyond_all_floats():
    assert format_odds(1243.7) == "1 in 10⁵⁴⁰"


def test_numbers_are_told_apart():
    assert distinct_decimals(0.6, 0.59335, 0.60479) == ["0.600", "0.593", "0.605"]
    assert distinct_decimals(0.67204, 0.6961, 0.67198) == ["0.67204", "0.69610", "0.67198"]
    assert distinct_decimals(0.5, 0.5) == ["0.500", "0.500"]


def test_tokens_are_visible():
    assert visible(" the") == "␣the"
    assert visible("rank 1") == "rank 1"
    assert visible("\n") == "⏎"
    assert visible("⟨BOS⟩") == "end"
    assert visible("\u202e") == "U+202E"
    assert visible("سلام") == "\u2068سلام\u2069"
    assert visible("👩\u200d🚀") == "👩\u200d🚀"
    assert len(visible("a" * 100)) == 12
    assert quoted("⟨BOS⟩") == "the end"
    assert (quoted("a"), quoted(" a")) == ("“a”", "“␣a”")
    assert quoted_text("ann\n") == "“ann⏎”"


def test_parameters_have_two_decimals_or_what_they_need():
    values = (0.9, 0.85, 1.0, 0.05, 0.925, 2.0, 40, 50_000)
    shown = ["0.90", "0.85", "1.00", "0.05", "0.925", "2.00", "40", "50,000"]
    assert [format_param(value) for value in values] == shown
