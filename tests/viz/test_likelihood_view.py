"""The likelihood of a text as HTML and as a still picture."""

import math
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from microgpt.viz.drawing import Circle
from microgpt.viz.likelihood_still import draw_likelihood
from microgpt.viz.likelihood_view import marks_of, render_likelihood, text_tiles
from microgpt.viz.log_prob_line import line_ticks
from microgpt.viz.token_likelihood import Reference, TextScores, TokenScore

PARAMS = SimpleNamespace(temperature=1.0, top_k=None, top_p=None, min_p=0.0)
HOSTILE = "<img src=x onerror=alert(1)>"
END = "⟨BOS⟩"


def scores(labels, probs, text=None, **fields):
    tokens = tuple(
        TokenScore(label, prob, 0, 27, 27, None, "")
        for label, prob in zip(labels, probs, strict=True)
    )
    nll = -sum(math.log(prob) for prob in probs)
    return TextScores(text or "".join(labels), PARAMS, tokens, nll, **fields)


ANNA = scores(["a", "n", END], [0.08, 0.4, 0.05], "an", memorization="new")


def widths(html):
    return re.findall(r'class="mg-bar[^"]*" style="([^"]*)"', html)


def test_bars_are_as_long_as_the_probabilities():
    html = render_likelihood(ANNA).html
    assert widths(html) == ["width:20.000%", "width:100.000%", "width:12.500%"]
    assert html.count("least probable") == 1
    assert ">40 %<" in html


@pytest.mark.parametrize(
    ("probs", "classes"),
    [((0.1, 0.6), ["mg-note"]), ((0.13, 0.6), ["mg-note mg-wide"]), ((0.4, 0.6), [])],
)
def test_the_note_stands_only_beside_a_bar_that_leaves_it_room(probs, classes):
    html = render_likelihood(scores(["a", "b"], probs)).html
    assert re.findall(r'class="(mg-note[^"]*)"', html) == classes
    assert ("least probable" in draw_likelihood(scores(["a", "b"], probs)).texts()) is bool(classes)


def test_what_moves_carries_its_old_values_and_ends_where_it_would_without():
    old = scores(["b"], [0.3], "b")
    moved, still = render_likelihood(ANNA, old).html, render_likelihood(ANNA).html
    assert widths(moved)[:2] == [
        "--l0:0%;--w0:100.000%;width:20.000%", "--l0:0%;--w0:0.000%;width:100.000%",
    ]  # fmt: skip
    assert "--l0:17.429%" in moved
    assert re.sub(r";--l0:[\d.]+%|--[lw]0:[\d.]+%;| mg-g[lx]", "", moved) == still
    assert "--w0" not in still


def test_the_line_shows_what_it_is_compared_with():
    framed = replace(ANNA, references=(Reference("letters by frequency", 5.0),))
    html = render_likelihood(framed).html
    for label in ("random letters", "letters by frequency", "certain", "1 in a million"):
        assert f">{label}</span>" in html
    (spoken,) = re.findall(r'role="img" aria-label="([^"]*)"', html)
    assert spoken == (
        "on a line of probabilities: this text 1 in 630, random 1 in 20,000, "
        "letters by frequency 1 in 150"
    )


@pytest.mark.parametrize(
    "changed",
    [
        scores([HOSTILE, "b"], [0.1, 0.2]),
        replace(ANNA, text=HOSTILE),
        replace(ANNA, memorization=HOSTILE),
        replace(ANNA, unit=HOSTILE),
        replace(ANNA, references=(Reference(HOSTILE[:12], 5.0),)),
        TextScores(HOSTILE, PARAMS, unknown_chars=("<",)),
    ],
    ids=("token", "text", "memorization", "unit", "reference", "unknown"),
)
def test_whatever_is_typed_is_text(changed):
    html = render_likelihood(changed).html
    assert "<img" not in html
    assert "&lt;" in html


def test_memorization_has_a_mark_beside_its_words():
    for label, mark in (("trained on", "●"), ("in the list, not trained on", "◐"), ("new", "○")):
        labelled = replace(ANNA, memorization=label)
        assert f'aria-hidden="true">{mark}</i> {label}</span>' in render_likelihood(labelled).html
        circles = [one for one in draw_likelihood(labelled).shapes if isinstance(one, Circle)]
        assert len(circles) == 2  # the mark, and the text on its line
    assert "mg-from" not in render_likelihood(replace(ANNA, memorization="")).html


def test_a_text_without_a_probability_has_tiles_and_no_rows():
    unknown = TextScores("josé", PARAMS, unknown_chars=("é",))
    rendered = render_likelihood(unknown)
    assert '<span class="mg-tile mg-next">é</span>' in rendered.html
    assert "no probability" in rendered.html
    assert "mg-line" not in rendered.html
    assert "mg-rows" not in rendered.html
    assert "no probability" not in render_likelihood(TextScores("", PARAMS)).html


def test_a_long_text_shows_its_last_seven_tiles():
    assert [text for text, _ in text_tiles(scores(["a"] * 16, [0.5] * 16))] == ["a"] * 16
    long = text_tiles(scores(["a"] * 10 + ["b"] * 7, [0.5] * 17))
    assert [text for text, _ in long] == ["…", *"bbbbbbb"]
    typed = text_tiles(TextScores("a" * 30, PARAMS, error="too long"))
    assert [text for text, _ in typed] == ["…", *"aaaaaaa"]


def test_the_still_picture_shows_the_same_words():
    framed = replace(ANNA, references=(Reference("letters by frequency", 5.0),))
    texts = draw_likelihood(framed).texts()
    expected = {
        "random letters", "letters by frequency", "1 in 630", "new", "least probable", "certain",
        "all 3 together", "How likely is “an”?", "of the texts it writes",
    }  # fmt: skip
    assert expected <= set(texts)
    assert draw_likelihood(framed).png().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "odd",
    [
        TextScores("", PARAMS),
        TextScores("é" * 90, PARAMS, unknown_chars=("é",)),
        scores(["word " * 8] * 40, [0.01] * 40),
        replace(scores(["a"], [0.5]), nll=math.inf),
    ],
    ids=("empty", "unknown", "long", "impossible"),
)
def test_no_text_of_the_still_picture_leaves_it(odd):
    drawing = draw_likelihood(odd)
    for shape in drawing.shapes:
        if hasattr(shape, "text") and shape.anchor == "start":
            assert 0 <= shape.x <= drawing.width - 20
            assert 0 <= shape.y <= drawing.height


def test_labels_of_the_line_stand_at_their_ticks():
    """In the view by a shift of their own width, in the still picture by where they begin."""
    html = render_likelihood(ANNA).html
    for index, (left, anchor) in enumerate(((0, 0), (33.333, 50), (66.667, 50), (100, 100))):
        at = f"left:{left:.3f}%;transform:translateX(-{anchor:.3f}%)"
        assert f'mg-tick mg-tick{index}" style="{at}' in html
    shapes = draw_likelihood(ANNA).shapes
    ticks = [label for _, label in line_ticks(marks_of(ANNA)[1])]
    anchors = [
        shape.anchor for label in ticks for shape in shapes if getattr(shape, "text", "") == label
    ]
    assert anchors == ["start", "middle", "middle", "end"]
