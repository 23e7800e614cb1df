"""A scored round: bars, caption, tables and still follow from its plain data."""

import re
from dataclasses import replace

import numpy as np
import pytest

from microgpt.viz.drawing import Rect
from microgpt.viz.guess_game.keys import Key
from microgpt.viz.scored_guess import (
    Reveal,
    ScoredRound,
    draw_scored_round,
    render_board,
    render_scored_round,
    scored_caption,
    scored_keys,
    scored_tables,
)

LABELS = ("a", "b", "c", "d", "⟨BOS⟩")
PROBS = np.array([0.15, 0.15, 0.7 / 3, 0.7 / 3, 0.7 / 3])
PAIRS = np.array([0.5, 0.1, 0.1, 0.2, 0.1])
ASKED = ScoredRound(
    number=2, num_rounds=10, prefix=("d", "a"), labels=LABELS, chosen=(0, 1), confidence=30,
    probs=PROBS, nats=np.array([[1.0, 1.6, 1.5, 1.4]]),
)  # fmt: skip
SHOWN = replace(
    ASKED,
    nats=np.array([[1.0, 1.6, 1.5, 1.4], [1.897, 1.609, 1.7, 2.303]]),
    reveal=Reveal("dabc", 1, ("c",), PAIRS),
)


def at_end(difference, two_errors):
    return replace(SHOWN, num_rounds=2, difference=(difference, two_errors))


def test_the_caption_says_what_is_given():
    assert scored_caption(ASKED) == (
        "The name begins “da”. You give “a” 15.0 % and “b” 15.0 %; the other 3 keys share 70.0 %, "
        "about 23.3 % each."
    )
    three = replace(ASKED, chosen=(0, 1, 4), confidence=50, probs=np.array([1, 1, 1.5, 1.5, 1]) / 6)
    assert "“a” 16.7 %, “b” 16.7 % and the end 16.6 %; the other 2 keys" in scored_caption(three)
    four = replace(ASKED, chosen=(0, 1, 2, 3), probs=np.array([0.075] * 4 + [0.7]))
    assert "; the other key gets 70.0 %." in scored_caption(four)
    assert "At 0 % all 5 keys have the same probability, 20.0 %" in scored_caption(
        replace(ASKED, confidence=0, probs=np.full(5, 0.2))
    )


def test_the_first_round_says_what_is_compared_at_the_end():
    first = replace(ASKED, number=1, chosen=(), prefix=(), nats=np.zeros((0, 4)))
    caption = scored_caption(first)
    assert caption.startswith("A name from the held-out set is about to begin. Choose up to three")
    assert caption.endswith(
        "After 10 rounds, your mean is compared with that of the pairs, ± two standard errors."
    )
    second = scored_caption(replace(ASKED, chosen=()))
    assert second.startswith("The next name begins “da”. Choose")
    assert "0.43" not in second


def test_after_the_guess_the_caption_has_its_score_and_that_of_the_pairs():
    assert scored_caption(SHOWN) == (
        "The name is “dabc”: “b” follows. You gave “b” 15.0 %: a negative log-likelihood of 1.90 "
        "nats. The counted pairs gave it 10.0 %: 2.30. Knowing nothing: 1.61."
    )
    ended = replace(SHOWN, reveal=Reveal("da", 4, (), PAIRS))
    assert "it ends here. You gave the end 23.3 %" in scored_caption(ended)


@pytest.mark.parametrize(
    ("difference", "two_errors", "words"),
    [
        (-0.404, 0.44, "the difference of 0.40 is inside ± 0.44: no difference seen."),
        (0.44, 0.44, "the difference of 0.44 is inside ± 0.44: no difference seen."),
        (0.444, 0.441, "the difference of 0.444 is outside ± 0.441: the pairs guess better."),
        (-0.8, 0.44, "the difference of 0.80 is outside ± 0.44: you guess better."),
        (0.0, 0.0, "inside ± 0.00: no difference seen."),
    ],
)
def test_the_end_says_whether_a_difference_is_seen(difference, two_errors, words):
    caption = scored_caption(at_end(difference, two_errors))
    assert "Over 2 letters you are at 1.45 nats, the pairs at 1.85; the difference" in caption
    assert caption.endswith(words)


def test_displayed_probabilities_add_up_to_100_percent():
    rng = np.random.default_rng(0)
    for _ in range(300):
        size = int(rng.integers(4, 61))
        chosen = tuple(rng.choice(size, int(rng.integers(0, 4)), replace=False).tolist())
        confidence = int(rng.integers(1, 100))
        probs = np.full(size, (1 - confidence / 100 * bool(chosen)) / (size - len(chosen)))
        probs[list(chosen)] = confidence / 100 / max(1, len(chosen))
        view = replace(
            ASKED,
            labels=[f"t{i}" for i in range(size)],
            chosen=chosen,
            confidence=confidence,
            probs=probs,
        )
        pairs = rng.dirichlet(np.full(size, 0.3))
        target = int(rng.integers(size))
        shown = replace(view, reveal=Reveal("x", target, (), pairs))
        for columns in (view.shares(), shown.shares()):
            assert sum(share.yours for share in columns) == 1000
        assert sum(share.pairs for share in shown.shares()) == 1000
        labels = [share.label for share in shown.shares()]
        assert len(labels) == len(set(labels)) == len({*chosen, target}) + 1


def test_a_letter_that_gets_99_percent_is_not_shown_as_certain():
    certain = replace(ASKED, chosen=(0,), confidence=99, probs=np.array([0.99] + [0.0025] * 4))
    assert [(share.label, share.yours) for share in certain.shares()] == [
        ("“a”", 990), ("the other 4 together", 10),
    ]  # fmt: skip


def test_keys_have_bars_and_after_the_guess_the_outlines_of_the_pairs():
    asked, shown = scored_keys(ASKED).keys, scored_keys(SHOWN).keys
    assert [key.share for key in asked] == pytest.approx(PROBS / 0.5)
    assert [key.number for key in asked] == ["15", "15", "", "", ""]
    assert [key.is_yours for key in asked] == [True, True, False, False, False]
    assert not any(key.is_true or key.outline for key in asked)
    assert [key.outline for key in shown] == pytest.approx(PAIRS / 0.5)
    assert [key.is_true for key in shown] == [False, True, False, False, False]
    assert [key.owner for key in shown] == ["", "true", "", "", ""]
    html = render_board(SHOWN)
    assert html.count("mg-outline") == 5
    assert html.count("mg-yours mg-right") == 1
    assert "“b” 15.0 % (pairs 10.0 %)" in html
    assert "mg-outline" not in render_board(ASKED)


@pytest.mark.parametrize(("outline", "height"), [(0.1, 0.3), (0.5, 0.5), (0.9, 0.3), (None, 0.3)])
def test_a_number_stands_on_its_bar_unless_an_outline_would_cross_it(outline, height):
    assert Key(0, "a", 1, share=0.3, outline=outline).number_share == height


def test_the_axis_grows_with_the_largest_bar():
    wide = replace(ASKED, probs=np.array([0.51, 0.4, 0.03, 0.03, 0.03]))
    assert scored_keys(wide).keys[0].share == pytest.approx(0.51)
    narrow = replace(ASKED, probs=np.full(5, 0.2))
    assert scored_keys(narrow).keys[0].share == pytest.approx(1)
    tall_pairs = replace(SHOWN, probs=np.full(5, 0.2))
    assert scored_keys(tall_pairs).keys[0].share == pytest.approx(0.4)


def test_bars_grow_from_where_they_were():
    before = replace(ASKED, probs=np.array([0.25, 0.25, 0.5 / 3, 0.5 / 3, 0.5 / 3]))
    moving = render_board(ASKED, before)
    assert moving.count("mg-gr") == 5
    assert 'style="--h0:50.000%"' in moving
    assert ">a</span>" not in moving  # the buttons have the letters
    still = re.sub(r" mg-g[ri]| style=\"--h0:[^\"]*\"", "", moving)
    assert still == render_board(ASKED)


def test_the_means_are_rows_with_bars():
    html = render_scored_round(SHOWN, "mg-7").html
    means = SHOWN.nats.mean(axis=0)
    for mean in means:
        assert f"<b>{mean:.2f}</b>" in html
        assert f"width:{100 * mean / 2:.3f}%" in html  # the axis ends at 2 nats
    assert "Mean negative log-likelihood over 2 letters, in nats (lower is better)" in html
    none = render_scored_round(replace(ASKED, nats=np.zeros((0, 4))), "mg-7").html
    assert none.count("<b>—</b>") == 4
    assert not re.search(r'mg-mean[ "]', none)


def test_the_buttons_leave_for_the_tiles_in_this_view_only():
    hide = ".mg-7 .mg-scored .mg-keys{display:none!important}"
    assert hide in render_scored_round(SHOWN, "mg-7").html
    assert hide not in render_scored_round(ASKED, "mg-7").html


def test_of_a_long_start_the_last_letters_are_shown():
    long = replace(
        SHOWN, prefix=tuple("abcdabcdabcd"), reveal=replace(SHOWN.reveal, rest=("d",) * 9)
    )
    texts = [tile.text for tile in long.name_tiles()]
    assert texts == ["…", *"bcdabcd", "b", "d", "d", "…"]
    asked = replace(long, reveal=None)
    assert [tile.text for tile in asked.name_tiles()] == ["…", *"bcdabcd", "?"]


def test_tables_have_the_probabilities_and_every_score():
    table = scored_tables(SHOWN)
    assert "<td>15.0 %</td><td>10.0 %</td>" in table
    assert "<td>1.8970</td><td>1.6090</td><td>1.7000</td><td>2.3030</td>" in table
    assert "<td>1.4485</td>" in table
    asked = scored_tables(replace(ASKED, nats=np.zeros((0, 4))))
    assert "pairs" in asked
    assert "10.0 %" not in asked
    assert "mean" not in asked


def test_letters_are_text_in_the_page():
    hostile = replace(SHOWN, labels=("<u>", "&", "<s>", "d", "⟨BOS⟩"), prefix=("<u>",))
    page = render_scored_round(hostile, "mg-7").html
    for html in (render_board(hostile), page, scored_tables(hostile)):
        assert "<u>" not in html
        assert "<s>" not in html
    assert "&lt;u&gt;" in render_board(hostile)
    assert "&lt;u&gt;" in page


def test_the_still_picture_draws_bars_outlines_and_means():
    drawing = draw_scored_round(SHOWN)
    rects = [shape for shape in drawing.shapes if isinstance(shape, Rect)]
    outlines = [
        rect for rect in rects if rect.stroke == "data" and rect.height < 90 and not rect.radius
    ]
    assert [rect.height for rect in outlines] == pytest.approx(84 * PAIRS / 0.5)
    assert {"1.45", "1.60", "1.85", "round 2 of 10", "true", "15 %"} <= set(drawing.texts())
    asked = draw_scored_round(ASKED)
    assert not any(
        isinstance(shape, Rect) and shape.stroke == "data" and not shape.radius
        for shape in asked.shapes
    )
    assert "true" not in asked.texts()
