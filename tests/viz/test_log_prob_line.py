"""The line of probabilities: its end, its ticks, and labels that do not overlap."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt.viz.log_prob_line import (
    LETTER_WIDTH,
    NARROW,
    WIDE,
    label_anchor,
    lay_out_marks,
    line_exponent,
    line_position,
    line_ticks,
)
from microgpt.viz.token_likelihood import Reference


def nats(exponent):
    return exponent * math.log(10)


@pytest.mark.parametrize(
    ("exponents", "end"), [([], 3), ([0.1], 3), ([3], 3), ([3.1, 1], 6), ([17], 18), ([9e9], 9000)]
)
def test_it_ends_at_a_round_power_of_ten_above_all(exponents, end):
    assert line_exponent([nats(exponent) for exponent in exponents] + [math.inf]) == end


def test_ticks_are_odds_in_words():
    assert [label for _, label in line_ticks(9)] == [
        "certain", "1 in 1,000", "1 in a million", "1 in a billion",
    ]  # fmt: skip
    assert [position for position, _ in line_ticks(9)] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert line_position(nats(3), 9) == pytest.approx(1 / 3)
    assert line_position(math.inf, 9) == 1.0


def test_what_lies_beyond_the_end_has_no_mark():
    marks = lay_out_marks(Reference("me", nats(1)), [Reference("far", nats(4))], 3)
    assert [mark.label for mark in marks] == ["me"]
    assert marks[0].is_text


@pytest.mark.parametrize("position", [0.0, 0.02, 0.3, 1 / 3, 0.5, 2 / 3, 0.9, 1.0])
def test_a_label_stands_at_its_mark(position):
    """In the middle wherever there is room, and never beside it."""
    label = "1 in a million"
    anchor, half = label_anchor(label, position), len(label) * LETTER_WIDTH / 2
    has_room = half <= position * NARROW <= NARROW - half
    assert anchor == 0.5 if has_room else 0 <= anchor <= 1
    for width in (NARROW, WIDE):
        left = position * width - anchor * 2 * half
        assert -1e-9 <= left <= width - 2 * half + 1e-9
    assert label_anchor("long" * 100, position) == position


def test_ticks_are_in_the_middle_of_their_labels_or_at_their_ends():
    for end in (3, 9, 24, 9000):
        anchors = [label_anchor(label, position) for position, label in line_ticks(end)]
        assert anchors == pytest.approx([0, 0.5, 0.5, 1])


def boxes(marks, width, tier_of):
    """Left, right and tier of each label; and of each stem, the rows that it crosses."""
    for mark in marks:
        tier, size = tier_of(mark), len(mark.label) * LETTER_WIDTH
        if tier is not None:
            left = mark.position * width - mark.anchor * size
            assert -1e-9 <= left <= width - size + 1e-9
            yield left, left + size, tier
            yield from ((mark.position * width, mark.position * width, t) for t in range(tier))


@given(
    st.lists(st.tuples(st.text("ab", min_size=1, max_size=20), st.floats(0, 9)), max_size=6),
    st.floats(0, 9),
)
@settings(max_examples=300, deadline=None)
def test_no_label_stands_on_another_or_on_its_stroke(others, own):
    references = [Reference(label, nats(exponent)) for label, exponent in others]
    marks = lay_out_marks(Reference("myself", nats(own)), references, 9)
    assert marks[0].label == "myself"
    assert (marks[0].tier, marks[0].narrow_tier) == (0, 0)
    for width, tier_of in ((WIDE, lambda m: m.tier), (NARROW, lambda m: m.narrow_tier)):
        placed = sorted(boxes(marks, width, tier_of), key=lambda box: (box[2], box[0]))
        for (_, right, tier), (left, end, next_tier) in itertools.pairwise(placed):
            is_stroke = left == end
            assert tier != next_tier or left >= right or (is_stroke and left >= right - 1e-9)
