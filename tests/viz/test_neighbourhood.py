"""The neighbourhood as a picture: labels, lines, sentences, the still picture."""

from dataclasses import replace

import numpy as np
import pytest

from microgpt.viz.neighbourhood import (
    EmbeddingMap,
    MapLetter,
    OtherLetter,
    VowelCosine,
    draw_map,
    layout_labels,
    map_caption,
    render_map,
)
from microgpt.viz.neighbourhood.caption import share_text, signed
from microgpt.viz.neighbourhood.label_layout import GAP, LED

SHOWN = EmbeddingMap(
    letters=(
        MapLetter("a", 0.0, 0.0, True),
        MapLetter("b", 1.0, 1.0),
        MapLetter("▪", -1.0, 1.0),
        MapLetter("<", 0.5, -1.0),
    ),
    chosen=1, n_embd=10, other_n_embd=2, step=100, last_step=200, x_low=-2.0, y_low=-2.0,
    extent=4.0, variance_kept=0.37, random_variance_kept=0.41, loss=2.5, trained_loss=2.4,
    other_trained_loss=2.51,
    neighbours=(OtherLetter("a", 0.5), OtherLetter("▪", -0.25), OtherLetter("<", -0.5)),
    cheapest=(OtherLetter("a", 0.13), OtherLetter("▪", 0.2)),
    dearest=(OtherLetter("<", 0.53), OtherLetter("▪", 0.2)),
    vowels=VowelCosine(0.31, -0.11, 0.25, True),
)  # fmt: skip


def points(*positions):
    """A map with letters at these positions, shares of its width and height."""
    letters = tuple(
        MapLetter("abcdefghijklmnopqrstuvwxyz"[i], 4 * x - 2, 2 - 4 * y)
        for i, (x, y) in enumerate(positions)
    )
    return replace(SHOWN, letters=letters, chosen=0)


def test_letters_stand_at_their_points():
    first, second = layout_labels(SHOWN)[:2]
    assert first.point == pytest.approx((0.5, 0.5))
    assert second.centre == pytest.approx((0.75, 0.25), abs=1e-5)
    assert not first.is_led
    assert 'class="mg-leader"' not in render_map(SHOWN).html


def test_overlapping_letters_are_fanned_out_with_lines():
    rng = np.random.default_rng(0)
    crowd = [(0.5, 0.5), (0.5, 0.5), *(0.45 + 0.1 * rng.random((12, 2))).tolist(), (0.9, 0.1)]
    shown = points(*crowd)
    placed = layout_labels(shown)
    centres = np.array([one.centre for one in placed])
    distances = np.hypot(*(centres[:, None] - centres).T)
    np.fill_diagonal(distances, 1)
    assert distances.min() > 0.9 * GAP
    assert np.array([one.point for one in placed]) == pytest.approx(np.array(crowd))
    led = sum(one.is_led for one in placed)
    assert led > 5
    html = render_map(shown).html
    assert html.count('class="mg-leader"') == html.count('class="mg-spot"') == led
    assert not placed[-1].is_led


def test_labels_stay_on_the_map():
    for one in layout_labels(points((0.0, 0.0), (0.0, 0.0), (1.0, 1.0), (0.99, 1.0))):
        assert min(one.centre) > 0.03
        assert max(one.centre) < 0.97
        assert one.is_led == (np.hypot(*np.subtract(one.centre, one.point)) > LED)


def test_letters_are_buttons_and_vowels_have_a_ring():
    html = render_map(SHOWN).html
    assert html.count("data-pick=") == 4
    assert html.count('tabindex="0"') == 1
    assert 'class="mg-letter mg-vowel"' in html
    assert 'class="mg-letter mg-chosen"' in html
    assert 'aria-label="“a”, a vowel"' in html
    assert 'aria-pressed="true" aria-label="“b”"' in html
    assert 'class="mg-ring"' in html
    assert "▪ the end" in html
    assert "▪ the end" not in render_map(replace(SHOWN, letters=SHOWN.letters[:2])).html
    assert 'class="mg-ring"' not in render_map(replace(SHOWN, letters=SHOWN.letters[1:])).html


def test_letters_glide_on_the_same_map_only():
    moved = replace(SHOWN, letters=(MapLetter("a", 1.5, 0.0, True), *SHOWN.letters[1:]))
    html = render_map(moved, SHOWN).html
    assert html.count("mg-glide") == 1
    assert "--l0:50.000%" in html
    assert "mg-glide" not in render_map(moved, replace(SHOWN, n_embd=2)).html
    assert "mg-glide" not in render_map(SHOWN).html


def test_the_sentence_of_a_projection():
    assert map_caption(SHOWN) == (
        "The map keeps 37 % of the variance: a poor map (the best map of random rows keeps 41 %). "
        "Vowels: mean cosine 0.31; 95 % of random fives lie from −0.11 to 0.25; outside the band: "
        "they lie closer together than random letters do. After training, swapping the rows of "
        "“b” and “a” raises the held-out loss by 0.130, of “b” and “<” by 0.530."
    )
    assert "poor" in map_caption(replace(SHOWN, variance_kept=0.4999))
    good = map_caption(replace(SHOWN, variance_kept=0.5))
    assert good.startswith("The map keeps 50 % of the variance. Vowels")


def test_the_sentence_of_a_table():
    shown = replace(SHOWN, n_embd=2, other_n_embd=10, trained_loss=2.51, other_trained_loss=2.4)
    assert map_caption(shown).startswith(
        "Nothing is projected away: the map is the table itself. After training this network's "
        "held-out loss is 0.110 higher than with ten numbers."
    )
    better = replace(shown, other_trained_loss=2.6)
    assert "is 0.090 lower than with ten numbers" in map_caption(better)


def test_the_sentence_about_vowels():
    inside = replace(SHOWN, vowels=VowelCosine(0.1, -0.11, 0.25, False))
    assert "inside the band: no claim." in map_caption(inside)
    assert "they lie" not in map_caption(inside)
    apart = replace(SHOWN, vowels=VowelCosine(-0.3, -0.11, 0.25, True))
    assert "outside the band: they lie further apart than" in map_caption(apart)
    assert "owel" not in map_caption(replace(SHOWN, vowels=None))


@pytest.mark.parametrize(
    ("rise", "sentence"),
    [
        (0.0004, "“a” changes the held-out loss by less than 0.001,"),
        (-0.012, "“a” changes the held-out loss by −0.012,"),
        (0.002, "“a” raises the held-out loss by 0.002,"),
    ],
)
def test_the_sentence_about_a_small_rise(rise, sentence):
    assert sentence in map_caption(replace(SHOWN, cheapest=(OtherLetter("a", rise),)))


def test_numbers():
    assert signed(-0.0004, 3) == "0.000"
    assert signed(-0.25, 2) == "−0.25"
    assert share_text(1.0) == "100 %"
    assert share_text(0.998) == "99.9 %"


def test_bars_have_the_scale_of_their_list():
    html = render_map(SHOWN).html
    assert 'style="width:50.000%"' in html  # a cosine of 0.5
    assert 'style="width:0.000%"' in html  # a negative one
    assert f'style="width:{100 * 0.13 / 0.53:.3f}%"' in html
    assert 'style="width:100.000%"' in html  # the dearest swap


def test_hostile_letters_are_escaped():
    html = render_map(replace(SHOWN, chosen=3)).html
    assert "&lt;" in html
    assert "“<”" not in html


@pytest.mark.parametrize("n_embd", [2, 10])
def test_the_still_picture(n_embd):
    drawing = draw_map(replace(SHOWN, n_embd=n_embd, other_n_embd=12 - n_embd))
    texts = drawing.texts()
    assert texts[0] == "Which letters are near “b” after 100 steps?"
    assert {"37 %", "2.500", "a", "▪", "0.530", "−0.25"} <= set(texts)
    assert {"vowel", "the end"} <= set(texts)
    assert drawing.png().startswith(b"\x89PNG")
