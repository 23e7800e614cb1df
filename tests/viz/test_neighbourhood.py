"""The neighbourhood as a picture: labels, lines, sentences, the still picture."""

from dataclasses import replace

import numpy as np
import pytest

from microgpt.viz.drawing import Text
from microgpt.viz.formatting import width_in_em
from microgpt.viz.neighbourhood import (
    EmbeddingMap,
    MapLetter,
    OtherLetter,
    VowelCosine,
    draw_map,
    layout_labels,
    map_caption,
    map_table,
    render_map,
)
from microgpt.viz.neighbourhood.caption import share_text, signed
from microgpt.viz.neighbourhood.label_layout import BOX, LED, MAP_WIDTHS, RADII, WORD_HALVES
from microgpt.viz.neighbourhood.page import rays

SHOWN = EmbeddingMap(
    letters=(
        MapLetter("a", 0.0, 0.0, True),
        MapLetter("b", 1.0, 1.0),
        MapLetter("end", -1.0, 1.0),
        MapLetter("<", 0.5, -1.0),
    ),
    chosen=1, n_embd=10, other_n_embd=2, step=100, last_step=200, x_low=-2.0, y_low=-2.0,
    extent=4.0, variance_kept=0.37, loss=2.5, trained_loss=2.4, other_trained_loss=2.51,
    neighbours=(OtherLetter("a", 0.5), OtherLetter("end", -0.25), OtherLetter("<", -0.5)),
    cheapest=(OtherLetter("a", 0.13), OtherLetter("end", 0.2)),
    dearest=(OtherLetter("<", 0.53), OtherLetter("end", 0.2)),
    vowels=VowelCosine(0.31, -0.11, 0.25, True),
)  # fmt: skip


def points(*positions):
    """A map with letters at these positions, shares of its width and height."""
    letters = tuple(
        MapLetter("abcdefghijklmnopqrstuvwxyz"[i], 4 * x - 2, 2 - 4 * y)
        for i, (x, y) in enumerate(positions)
    )
    return replace(SHOWN, letters=letters, chosen=0)


def label_centres(shown, width):
    """The centres of all labels, in pixels of a map of this width."""
    return np.array([np.add(np.multiply(one.point, width), one.offset)
                     for one in layout_labels(shown)])  # fmt: skip


def test_letters_stand_beside_their_points():
    first, second, end, _ = layout_labels(SHOWN)
    assert first.point == pytest.approx((0.5, 0.5))
    assert second.point == pytest.approx((0.75, 0.25))
    assert np.hypot(*second.offset) == pytest.approx(RADII[0])
    assert np.hypot(*end.offset) == pytest.approx(RADII[0])
    assert end.half_width == BOX / 2 + WORD_HALVES[1, 0]
    assert not any(one.is_led or one.is_beyond for one in layout_labels(SHOWN))
    html = render_map(SHOWN).html
    assert 'class="mg-leader"' not in html
    assert html.count('class="mg-spot') == 4 + 1  # one of them in the legend


def test_the_word_covers_no_other_label():
    crowd = points(*(0.45 + 0.1 * np.random.default_rng(1).random((9, 2))).tolist())
    letters = tuple(replace(one, label="end" if i == 4 else one.label)
                    for i, one in enumerate(crowd.letters))  # fmt: skip
    placed = layout_labels(replace(crowd, letters=letters))
    for width in MAP_WIDTHS:
        centres = np.array([np.multiply(one.point, width) + one.offset for one in placed])
        right, down = np.abs(centres - centres[4]).T
        is_apart = (right > WORD_HALVES[1, 0] + 0.75 * BOX) | (down > 0.75 * BOX)
        assert is_apart.sum() == len(placed) - 1


@pytest.mark.parametrize("width", [330, 400, 460, 540, 620])
def test_labels_of_a_crowd_do_not_overlap(width):
    rng = np.random.default_rng(0)
    crowd = [(0.5, 0.5), *(0.38 + 0.24 * rng.random((18, 2))).tolist(), (0.9, 0.1), (0.1, 0.8)]
    shown = points(*crowd)
    centres = label_centres(shown, width)
    distances = np.abs(centres[:, None] - centres).max(axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert distances.min() > 0.75 * BOX
    placed = layout_labels(shown)
    assert np.array([one.point for one in placed]) == pytest.approx(np.array(crowd))
    led = sum(one.is_led for one in placed)
    assert led > 3
    assert render_map(shown).html.count('class="mg-leader"') == led
    assert not placed[-1].is_led


def test_labels_leave_the_points_of_other_letters_free():
    shown = points((0.5, 0.5), (0.54, 0.5), (0.5, 0.54), (0.46, 0.5))
    for width in MAP_WIDTHS:
        centres = label_centres(shown, width)
        spots = np.array([one.point for one in layout_labels(shown)]) * width
        distances = np.abs(centres[:, None] - spots).max(axis=-1)
        np.fill_diagonal(distances, np.inf)
        assert distances.min() > BOX / 2


def test_the_commonest_letter_stands_closest_to_its_point():
    shown = points((0.5, 0.5), (0.5, 0.5), (0.5, 0.5), (0.5, 0.5))
    shares = (0.1, 0.1, 0.5, 0.1)
    shown = replace(shown, chosen=3, letters=tuple(
        replace(letter, share=share) for letter, share in zip(shown.letters, shares, strict=True)
    ))  # fmt: skip
    distances = [np.hypot(*one.offset) for one in layout_labels(shown)]
    assert distances[3] == min(distances)  # the chosen one
    assert distances[2] == min(distances[:3])


def test_labels_stay_on_the_map():
    shown = points((0.0, 0.0), (0.0, 0.0), (1.0, 1.0), (0.99, 1.0))
    for width in MAP_WIDTHS:
        centres = label_centres(shown, width)
        assert centres.min() > 0
        assert centres.max() < width
    assert [one.is_led for one in layout_labels(shown)] == [
        np.hypot(*one.offset) - one.half_width > LED for one in layout_labels(shown)
    ]


def test_letters_beyond_the_edge_stand_at_it():
    shown = points((0.5, 0.5), (1.2, 0.5), (0.3, -4.0))
    placed = layout_labels(shown)
    assert [one.is_beyond for one in placed] == [False, True, True]
    assert placed[1].point == pytest.approx((0.985, 0.5))
    assert placed[2].point == pytest.approx((0.3, 0.015))
    html = render_map(shown).html
    assert html.count("mg-spot mg-beyond") == 2 + 1
    assert "beyond the edge" in html
    assert "beyond the edge" in draw_map(shown).texts()
    assert "beyond the edge" not in render_map(SHOWN).html


def test_rare_letters_are_faint():
    letters = (*SHOWN.letters[:2], replace(SHOWN.letters[3], share=0.0099))
    shown = replace(SHOWN, letters=letters)
    html = render_map(shown).html
    assert html.count("mg-letter mg-rare") == 1
    assert html.count("mg-spot mg-rare") == 1 + 1
    assert "rare, under 1 %" in html
    assert 'aria-label="“&lt;”, rare"' in html
    assert "rare" not in render_map(SHOWN).html
    assert "<td>1.0 %</td>" in map_table(shown)


def test_the_origin_is_marked():
    html = render_map(replace(SHOWN, x_low=-1.0, y_low=-3.0)).html
    assert 'class="mg-origin" style="left:25.000%;top:25.000%"' in html
    assert "(0, 0)" in html
    assert "(0, 0)" in draw_map(SHOWN).texts()


def test_rays_lead_to_the_chosen_letter_and_its_neighbours():
    table = replace(SHOWN, n_embd=2, other_n_embd=10)
    assert [index for index, _ in rays(table)] == [0, 2, 3, 1]
    html = render_map(table).html
    assert html.count('class="mg-ray"') == 3
    assert 'class="mg-ray mg-chosen" d="M500.0 500.0L750.0 250.0"' in html
    assert "mg-ray" not in render_map(SHOWN).html  # where two axes hide most of the angle


def test_letters_are_buttons_and_vowels_have_a_ring():
    html = render_map(SHOWN).html
    assert html.count("data-pick=") == 4
    assert html.count('tabindex="0"') == 1
    assert 'class="mg-letter mg-vowel"' in html
    assert 'class="mg-letter mg-chosen"' in html
    assert 'aria-label="“a”, a vowel"' in html
    assert 'aria-pressed="true" aria-label="“b”"' in html
    assert html.count("mg-spot mg-vowel") == 2
    assert 'aria-label="the end"' in html
    assert "vowel" not in render_map(replace(SHOWN, letters=SHOWN.letters[1:], vowels=None)).html


def test_letters_glide_on_the_same_map_only():
    moved = replace(SHOWN, letters=(MapLetter("a", 1.5, 0.0, True), *SHOWN.letters[1:]))
    html = render_map(moved, SHOWN).html
    assert html.count("mg-glide") == 2  # its point and its label
    assert "--l0:50.000%" in html
    assert "mg-glide" not in render_map(moved, replace(SHOWN, n_embd=2)).html
    assert "mg-glide" not in render_map(SHOWN).html


def test_the_sentence_of_a_projection():
    assert map_caption(SHOWN) == (
        "The first principal axis is the direction of the largest spread, the second that of the "
        "largest at a right angle to it. "
        "The map keeps 37 % of the variance: a poor map. "
        "The five vowels have a mean cosine of 0.31. With five random letters, it lies between "
        "−0.11 and 0.25 in 95 of 100 draws: the vowels are more alike than random letters. After "
        "training, swapping the rows of “b” and “a” raises the held-out loss by 0.130, of “b” and "
        "“<” by 0.530."
    )
    assert "poor" in map_caption(replace(SHOWN, variance_kept=0.4999))
    good = map_caption(replace(SHOWN, variance_kept=0.5))
    assert "to it. The map keeps 50 % of the variance. The five vowels" in good


def test_the_sentence_of_a_table():
    shown = replace(SHOWN, n_embd=2, other_n_embd=10, trained_loss=2.51, other_trained_loss=2.4)
    assert map_caption(shown).startswith(
        "Nothing is left out: the map is the table itself. After training, this network's "
        "held-out loss is 0.110 higher than with ten numbers."
    )
    better = replace(shown, other_trained_loss=2.6)
    assert "is 0.090 lower than with ten numbers" in map_caption(better)


def test_the_sentence_about_vowels():
    inside = replace(SHOWN, vowels=VowelCosine(0.1, -0.11, 0.25, False))
    assert "in 95 of 100 draws: no claim about vowels." in map_caption(inside)
    assert "alike" not in map_caption(inside)
    apart = replace(SHOWN, vowels=VowelCosine(-0.3, -0.11, 0.25, True))
    assert "the vowels are less alike than random letters." in map_caption(apart)
    assert "owel" not in map_caption(replace(SHOWN, vowels=None))


@pytest.mark.parametrize(
    ("rise", "sentence"),
    [
        (0.0004, "“a” changes the held-out loss by less than 0.0005,"),
        (0.0007, "“a” raises the held-out loss by 0.001,"),
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


def test_the_price_of_a_swap_stands_beside_each_cosine_after_training():
    near = (OtherLetter("a", 0.5, 0.1234), OtherLetter("<", -0.5, -0.0004))
    shown = replace(SHOWN, step=200, neighbours=near)
    html = render_map(shown).html
    assert "<span>cosine</span><span>swap</span>" in html
    assert '<ol class="mg-with-rises">' in html
    assert "<span>0.50</span><span>0.123</span>" in html
    assert "<span>−0.50</span><span>0.000</span>" in html
    assert {"cosine", "swap", "0.50", "0.123"} <= set(draw_map(shown).texts())
    before = render_map(SHOWN).html
    assert "<span>cosine</span></p>" in before
    assert "mg-with-rises" not in before


@pytest.mark.parametrize("n_embd", [2, 10, 12])
def test_the_heading_of_a_list_ends_before_its_columns(n_embd):
    near = (OtherLetter("a", 0.5, 0.1234),)
    drawing = draw_map(replace(SHOWN, step=200, n_embd=n_embd, neighbours=near))
    texts = [shape for shape in drawing.shapes if isinstance(shape, Text)]
    heading = next(one for one in texts if one.text.startswith("nearest"))
    cosine = next(one for one in texts if one.text == "cosine")
    starts = cosine.x - width_in_em(cosine.text) * cosine.size
    assert heading.x + width_in_em(heading.text) * heading.size <= starts


def test_hostile_letters_are_escaped():
    html = render_map(replace(SHOWN, chosen=3)).html
    assert "&lt;" in html
    assert "“<”" not in html


@pytest.mark.parametrize("n_embd", [2, 10])
def test_the_still_picture(n_embd):
    drawing = draw_map(replace(SHOWN, n_embd=n_embd, other_n_embd=12 - n_embd))
    texts = drawing.texts()
    assert texts[0] == "Which letters are near “b” after 100 steps?"
    assert {"37 %", "2.500", "a", "end", "0.530", "−0.25"} <= set(texts)
    assert {"vowel", "(0, 0)"} <= set(texts)
    assert "of the variance kept" in texts
    assert "cosine" in texts
    assert "swap" not in texts
    assert "0.123" not in texts
    assert drawing.png().startswith(b"\x89PNG")


def test_lines_to_labels_seldom_cross():
    def crossings(shown):
        led = [one for one in layout_labels(shown) if one.is_led]
        starts = [np.multiply(one.point, 460) for one in led]
        ends = [start + one.offset for start, one in zip(starts, led, strict=True)]
        lines = list(zip(starts, ends, strict=True))
        return sum(cross(*a, *b) for i, a in enumerate(lines) for b in lines[:i])

    def cross(a, b, c, d):
        def side(p, q, r):
            return np.sign((q - p)[0] * (r - p)[1] - (q - p)[1] * (r - p)[0])

        return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0

    rng = np.random.default_rng(0)
    crowds = [(0.45 + 0.1 * rng.random((16, 2))).tolist() for _ in range(6)]
    assert sum(crossings(points(*crowd)) for crowd in crowds) <= 3
