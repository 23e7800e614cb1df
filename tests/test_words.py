"""Numbers and tokens as they are written."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt.viz.words import one_in, ordinal, per_cent, quoted, tenths, visible


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60).filter(lambda row: sum(row) > 0.01))
@settings(max_examples=1000, deadline=None)
def test_tenths_add_up_and_stay_near(row):
    chances = np.array(row) / sum(row)
    shown = tenths(chances)
    assert sum(shown) == 1000
    for tenth, chance in zip(shown, chances, strict=True):
        assert tenth == 0 or chance >= 0.0005
        if len(row) <= 20 and chance >= 0.0005:
            assert abs(tenth - 1000 * chance) <= 10


def test_small_and_cut_chances_have_words():
    assert per_cent(0) == "< 0.1 %"
    assert per_cent(236) == "23.6 %"
    assert per_cent(236, kept=False) == "cut"


@pytest.mark.parametrize(
    ("chance", "said"),
    [(0.5, "1 in 2.0"), (1 / 35.2, "1 in 35"), (1 / 4812, "1 in 4,800"), (1e-20, "1 in 10^20"),
     (0.0, "cannot be produced")],
)  # fmt: skip
def test_odds(chance, said):
    assert one_in(chance) == said


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
    assert ordinal(5) == "the sixth choice"
    assert ordinal(36) == "choice number 37"
