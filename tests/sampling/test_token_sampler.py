"""`next_token` and `uniform`: the filters, the draw, and exact numbers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgpt as mg
from microgpt.backends import shared_rules
from microgpt.backends.shared_rules import philox
from microgpt.errors import SettingError, ShapeError

WORDS = ["closer", "every", "effort", "forward", "inches", "moves", "pizza", "toward", "you"]


NINE = [4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79]


FOUR = [2.0, 1.0, 0.1, -1.0]


def word(choice):
    return WORDS[choice.token]


def test_philox_gives_the_published_numbers():
    full = 0xFFFFFFFF
    assert philox((0,) * 4, (0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    assert philox((full,) * 4, (full,) * 2) == (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
    assert philox((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)) == (
        0xD16CFE09,
        0x94FDCCEB,
        0x5001E420,
        0x24126EA1,
    )


def test_uniform_depends_on_three_numbers_only():
    assert mg.uniform(1, 5, 0) == mg.uniform(1, 5)
    draws = {mg.uniform(s, t, r) for s in range(10) for t in range(10) for r in range(10)}
    assert len(draws) == 1000
    many = np.array([mg.uniform(7, t) for t in range(20_000)])
    assert (many >= 0).all()
    assert (many < 1).all()
    assert abs(many.mean() - 0.5) < 5 / math.sqrt(12 * 20_000)
    counts = np.histogram(many, bins=20, range=(0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 50
    for bad in (-1, 2**64, 0.5):
        with pytest.raises(SettingError, match="an integer from 0 to"):
            mg.uniform(bad, 0)


def test_the_nine_words():
    choice = mg.next_token(NINE)
    np.testing.assert_allclose(
        choice.probabilities,
        [0.0609, 0.0016, 0.0001, 0.5721, 0.0034, 0.0001, 0.0001, 0.3576, 0.0040],
        atol=5e-5,
    )
    assert [WORDS[i] for i in choice.ranked_ids[:3]] == ["forward", "toward", "closer"]
    assert math.exp(choice.entropy) == pytest.approx(2.49, abs=0.005)
    assert math.exp(mg.next_token(NINE, 0.5).entropy) == pytest.approx(1.89, abs=0.005)
    top3 = mg.next_token(NINE, top_k=3)
    np.testing.assert_allclose(
        top3.probabilities[top3.ranked_ids[:3]], [0.5775, 0.3610, 0.0615], atol=5e-5
    )
    assert (top3.num_kept, top3.binding_filter) == (3, "top_k")
    np.testing.assert_array_equal(top3.base_probabilities, choice.probabilities)


def test_the_published_example():
    for t in np.arange(1.0, 0.89, -0.05):
        assert word(mg.next_token(NINE, t, u=0.6)) == "toward"
    assert word(mg.next_token(NINE, 0.85, u=0.6)) == "forward"
    assert mg.next_token(NINE, 0.90).cumulative[0] == pytest.approx(0.593, abs=5e-4)
    assert mg.next_token(NINE, 0.85).cumulative[0] == pytest.approx(0.605, abs=5e-4)


def test_the_order_of_the_filters():
    assert mg.next_token(NINE, top_p=0.93).num_kept == 3
    both = mg.next_token(NINE, top_k=3, top_p=0.93)
    assert (both.num_kept, both.binding_filter) == (2, "top_p")
    assert mg.next_token(NINE, top_p=1.0).binding_filter is None
    assert mg.next_token(NINE, min_p=0.5).binding_filter == "min_p"
    assert mg.next_token(NINE, min_p=0.5).num_kept == 2


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (1, [0.638, 0.235, 0.095, 0.032]),
        (0.5, [0.862, 0.117, 0.019, 0.002]),
        (2, [0.451, 0.274, 0.175, 0.101]),
    ],
)
def test_temperatures(temperature, expected):
    got = mg.next_token(FOUR, temperature).probabilities
    np.testing.assert_allclose(got, expected, atol=6e-4)


def test_top_k_of_known_probabilities():
    got = mg.next_token(np.log([0.40, 0.25, 0.15, 0.10, 0.07, 0.03]), top_k=3)
    np.testing.assert_allclose(got.probabilities, [0.5, 0.3125, 0.1875, 0, 0, 0], rtol=1e-12)


def test_greedy_takes_the_first_of_equals_whatever_u():
    for u in (0.0, 0.5, 0.999999):
        choice = mg.next_token([1.0, 3.0, 3.0], temperature=0, u=u)
        assert choice.token == 1
        assert choice.entropy == 0
        np.testing.assert_array_equal(choice.probabilities, [0, 1, 0])


def test_ties_at_rank_k_keep_the_lowest_ids():
    choice = mg.next_token([1.0, 2.0, 1.0, 1.0], top_k=2)
    assert choice.ranked_ids.tolist() == [1, 0, 2, 3]
    assert np.flatnonzero(choice.probabilities).tolist() == [0, 1]


def test_u_on_an_edge_draws_the_next_token():
    assert [mg.next_token([0.0, 0.0], u=u).token for u in (0.0, 0.4999, 0.5, 0.75)] == [0, 0, 1, 1]


def test_very_cold_and_very_far_apart():
    for temperature in (1e-300, 1e-5, 0.01):
        choice = mg.next_token([1000.0, -1000.0, 999.0], temperature, u=0.9999999999)
        assert choice.token == 0
    choice = mg.next_token([0.0, -np.inf, 0.0], u=math.nextafter(1, 0))
    assert choice.token == 2
    assert choice.probabilities[1] == 0


logit_lists = st.lists(st.floats(-20, 20), min_size=1, max_size=30)


unit = st.floats(0, 1, exclude_max=True)


@settings(max_examples=400, deadline=None)
@given(logit_lists, st.data(), unit)
def test_cooling_or_filtering_never_worsens_the_rank(logits, data, u):
    def params():
        return (
            data.draw(st.floats(0, 2)),
            data.draw(st.integers(1, len(logits))),
            data.draw(st.floats(0.05, 1)),
            data.draw(st.floats(0, 0.5)),
        )

    one, other = params(), params()
    milder = (*tuple(map(max, one[:3], other[:3])), min(one[3], other[3]))
    harder = (*tuple(map(min, one[:3], other[:3])), max(one[3], other[3]))
    first, second = (mg.next_token(logits, *d, u=u) for d in (milder, harder))
    if not np.isclose(first.cumulative, u, rtol=0, atol=1e-12).any():
        assert second.rank <= first.rank
    for choice in (first, second):
        assert choice.probabilities.sum() == pytest.approx(1, abs=1e-12)
        assert (choice.probabilities > 0).sum() <= choice.num_kept
        assert choice.probabilities[choice.token] > 0
        assert 0 <= choice.entropy <= math.log(len(logits)) + 1e-9


def test_frequencies_follow_the_probabilities():
    counts = np.zeros(4)
    for t in range(4000):
        counts[mg.next_token(FOUR, u=mg.uniform(3, t)).token] += 1
    expected = 4000 * mg.next_token(FOUR).probabilities
    assert ((counts - expected) ** 2 / expected).sum() < 20


REFUSALS = [
    ({"temperature": -0.1}, "temperature must be at least 0 and finite"),
    ({"temperature": math.nan}, "temperature must be at least 0 and finite"),
    ({"temperature": math.inf}, "temperature must be at least 0 and finite"),
    ({"top_k": 0}, "top_k must be a positive integer"),
    ({"top_k": 2.0}, "top_k must be a positive integer"),
    ({"top_p": 0}, "top_p must be above 0 and at most 1"),
    ({"top_p": 1.1}, "top_p must be above 0 and at most 1"),
    ({"min_p": -0.1}, "min_p must be at least 0 and at most 1"),
    ({"u": 1.0}, "u must be at least 0 and below 1"),
    ({"u": -0.1}, "u must be at least 0 and below 1"),
]


@pytest.mark.parametrize(("options", "message"), REFUSALS)
def test_settings_outside_their_range(options, message):
    with pytest.raises(SettingError, match=message):
        mg.next_token(FOUR, **options)


def test_bad_logits():
    with pytest.raises(SettingError, match="got 1 of 3 NaN or inf, the first at token 1"):
        mg.next_token([0.0, math.nan, 1.0])
    with pytest.raises(SettingError, match="NaN or inf"):
        mg.next_token([0.0, math.inf])
    with pytest.raises(SettingError, match="not all -inf"):
        mg.next_token([-math.inf, -math.inf])
    with pytest.raises(ShapeError, match=r"\(V,\)"):
        mg.next_token([[1.0]])
    with pytest.raises(ShapeError, match=r"\(V,\)"):
        mg.next_token([])


@pytest.mark.parametrize(("top_p", "num_kept"), [(0.5, 1), (0.500001, 2), (0.75, 2), (0.75001, 3)])
def test_top_p_keeps_no_more_than_it_takes(top_p, num_kept):
    """Cumulative probabilities of exactly 0.5 and 0.75 reach these bounds."""
    logits = [0, -np.log(2), -np.log(2) * 2, -np.log(2) * 2]
    sampled = mg.next_token(logits, top_p=top_p)
    assert sampled.base_probabilities.tolist() == [0.5, 0.25, 0.125, 0.125]
    assert sampled.num_kept == num_kept


def test_the_entropy_counts_rare_tokens():
    probs = np.array([1 - 1e-5, *[1e-10] * 100_000])
    expected = -(probs * np.log(probs)).sum()
    assert mg.next_token(np.log(probs)).entropy == pytest.approx(expected, rel=1e-9)


def test_a_draw_beyond_the_sum_picks_the_last_token_that_is_kept():
    for probs, rank in (([0.4, 0.3, 0.2, 0.0], 2), ([0.9, 0.0, 0.0], 0), ([0.5, 0.4], 1)):
        assert shared_rules.draw_rank(np.array(probs), 0.95)[0] == rank


def test_every_bit_of_seed_position_and_draw_counts():
    numbers = [mg.uniform(seed, t, draw) for seed in (0, 1, 2**32, 2**63)
               for t in (0, 1, 2**32, 2**63) for draw in (0, 1, 2**32, 2**63)]  # fmt: skip
    assert len(set(numbers)) == 64
