"""A forward pass as it is drawn: words for shapes, marks for numbers, one token lit."""

import re
from dataclasses import replace

import numpy as np
import pytest

from microgpt.viz.drawing import Rect, Text
from microgpt.viz.forward_pass import (
    ForwardPass,
    draw_forward_pass,
    first_shown,
    forward_caption,
    logits_table,
    render_forward_pass,
)
from microgpt.viz.forward_pass.marks import (
    embedding_squares,
    hinton_squares,
    logit_bars,
    prob_rows,
    weight_texts,
)
from microgpt.viz.forward_pass.svg import arcs_svg
from microgpt.viz.forward_pass.texts import attention_sentence, box_texts

LABELS = (*"abcdefg", "⟨BOS⟩")
LOGITS = np.array([2.0, -1.0, 0.0, 1.0, -3.0, 0.5, 1.5, 0.25])


def softmax(logits):
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def forward_of(token_ids=(7, 0, 3), shown=3, labels=LABELS, **changes):
    """A pass of a vocabulary of 8; the logits at each position are those of the last, rolled."""
    T, V = len(token_ids), len(labels)
    row = np.resize(LOGITS, V)
    logits = np.stack([np.roll(row, i - shown + 1) for i in range(shown)])
    weights = np.tril(np.arange(1.0, T * T + 1).reshape(T, T))
    forward = ForwardPass(
        text="ad", token_ids=token_ids, labels=labels, bos_id=7, unit="letter", num_layers=1,
        num_heads=4, adds_position=True,
        embedding=np.arange(shown * 4.0).reshape(shown, 4) - 5,
        attention_weights=(weights / weights.sum(-1, keepdims=True))[T - shown :],
        mlp_hidden=np.arange(shown * 16.0).reshape(shown, 16) - 16,
        logits=logits, probs=softmax(logits),
        ranked_ids=np.argsort(-logits, axis=-1, kind="stable"),
    )  # fmt: skip
    return replace(forward, **changes)


def shown(html):
    return [text for text in re.split(r"<[^>]*>", html) if text.strip()]


def test_shapes_are_said_in_words():
    texts = box_texts(forward_of())
    assert [text.title for text in texts] == [
        "Tokens", "Embedding", "Attention", "MLP", "Logits", "Probabilities",
    ]  # fmt: skip
    assert [text.shape[-1] for text in texts] == [
        "3 numbers",
        "3 tokens × 4 numbers",
        "4 heads of 3 × 3 weights",
        "16 of 16 numbers above 0",
        "8 scores, −3.00 to 2.00",
        "8 numbers, sum 100\u00a0%",
    ]
    notebooks = " ".join(text.notebook for text in texts)
    assert re.findall(r"\d\d", notebooks) == ["04", "05", "06", "07", "07", "03", "09"]
    assert "head 1 of 4 ·" in notebooks


def test_the_layer_and_the_head_shown_are_named():
    deep = box_texts(forward_of(num_layers=3, num_heads=1))[2]
    assert deep.shape == ("1 head of 3 × 3 weights",)
    assert deep.notebook.startswith("layer 3 of 3, head 1 ·")


def test_sentences_follow_the_model():
    forward = forward_of(unit="token", adds_position=False, bos_id=None)
    sentences = [text.sentence for text in box_texts(forward)]
    assert sentences[1] == "A row of numbers for each token."
    assert "plus a row for its position" in box_texts(forward_of())[1].sentence
    assert "“start” marks the beginning" in box_texts(forward_of())[0].sentence
    assert "start" not in " ".join(sentences)
    assert "letter" not in " ".join(sentences)


def test_the_caption():
    assert forward_caption(forward_of()) == (
        '"ad" becomes 3 tokens of 4 numbers each. Attention mixes them; after the last letter, the '
        "likeliest is 'a' with 39.0 %. Point at a letter, or press Tab, to follow it through the "
        "six boxes."
    )
    cut = forward_caption(forward_of(is_cut=True))
    assert cut.startswith(
        'The model reads at most 3 tokens, so only the last 3 of "ad" are followed, each as 4 '
    )
    alone = forward_caption(forward_of((0,), 1))
    assert alone.startswith('"ad" becomes 1 token of 4 numbers. After the last letter')


@pytest.mark.parametrize(
    ("labels", "first"),
    [
        (["⟨BOS⟩", *"abcdef"], 0),
        (["⟨BOS⟩", *"abcdefg"], 2),  # "…" and six letters
        (["ab", "cd", "ef", "gh", "ij", "kl", "mn"], 0),
        ([" the", " cat", " sat", " down"], 0),
        ([" the", " cat", " sat", " down", " now"], 2),  # "…" and three words
        (["a"], 0),
    ],
)
def test_as_many_of_the_last_tokens_are_shown_as_fit(labels, first):
    assert first_shown(labels) == first


def test_hidden_tokens_have_the_sum_of_their_weights():
    forward = forward_of(tuple(range(8)), 6)
    weights = forward.column_weights(5)
    assert weights[0] == pytest.approx(float(forward.attention_weights[5, :2].sum()))
    assert sum(weights) == pytest.approx(1)
    assert forward.column_weights(0)[2:] == [None] * 5  # later tokens are out of sight
    assert "earlier tokens" in attention_sentence(forward, 5)
    assert shown(render_forward_pass(forward).html).count("…") == 3
    assert box_texts(forward)[0].shape == ("8 numbers, the last 6 shown",)
    assert "in\u00a0%" in box_texts(forward)[2].notebook


def test_weights_in_per_cent():
    assert weight_texts([0.5, 0.004, None]) == ["50 %", "<1 %", "·"]
    assert weight_texts([0.5, 0.004, None, None, None]) == ["50", "<1", "·", "·", "·"]


def test_the_area_of_a_square_is_the_size_of_its_number():
    squares = hinton_squares(np.array([4.0, -1.0, 0.0, 2.0]), 2, 4.0)
    assert [square.side**2 for square in squares] == pytest.approx([1, 0.25, 0, 0.5])
    assert [square.sign for square in squares] == [1, -1, 0, 1]
    assert [(square.column, square.row) for square in squares] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    sides = [square.side for column in embedding_squares(forward_of()) for square in column]
    assert max(sides) == 1  # one scale for all tokens
    assert sides[0] ** 2 == pytest.approx(5 / 6)


def test_bars_stand_on_the_line_at_zero():
    bars = logit_bars(forward_of(), 2)
    assert [bar.bottom - bar.top for bar in bars] == pytest.approx(abs(LOGITS) / 5)
    assert [bar.is_positive for bar in bars] == [logit > 0 for logit in LOGITS]
    for bar in bars:
        assert (bar.bottom if bar.is_positive else bar.top) == pytest.approx(0.4)
    assert [bar.label for bar in bars if bar.label] == ["a", "d", "g"]


def test_bars_hang_from_the_line_if_all_are_below_zero():
    logits = np.array([[-1.0, -2.0, -4.0, -3.0, -3.0, -3.0, -3.0, -3.0]])
    bars = logit_bars(forward_of((0,), 1, logits=logits, ranked_ids=np.argsort(-logits)), 0)
    assert {bar.top for bar in bars} == {0}
    assert [bar.bottom for bar in bars[:3]] == [0.25, 0.5, 1]


def test_the_squares_of_an_embedding_stand_in_two_columns():
    squares = embedding_squares(forward_of())[0]
    assert {square.column for square in squares} == {0, 1}
    assert [(one.column, one.row) for one in squares[:3]] == [(0, 0), (1, 0), (0, 1)]


def test_an_arc_is_as_wide_as_its_weight_is_large():
    svg = arcs_svg([1.0, 0.5, 0.0, None], [0, 0.25, 0.5, 0.75, 1])
    assert re.findall(r'stroke-width="([\d.]+)"', svg) == ["9.0", "4.9", "0.8"]
    assert re.findall(r"M(\d+) 100C", svg) == ["625"] * 3  # all begin at the last with a weight


def test_labels_that_would_touch_are_left_out():
    labels = ("aaa", "bbb", *LABELS[2:])
    logits = np.array([[3.0, 2.0, -1.0, -1.0, -1.0, -1.0, -1.0, 1.0]])
    forward = forward_of(
        (0,), 1, labels, logits=logits, ranked_ids=np.argsort(-logits, kind="stable")
    )
    assert [bar.label for bar in logit_bars(forward, 0) if bar.label] == ["aaa", "end"]


def test_of_a_large_vocabulary_the_largest_logits_are_drawn():
    labels = tuple(f"t{i}" for i in range(200))
    forward = forward_of(labels=labels, bos_id=None)
    bars = logit_bars(forward, 2)
    assert len(bars) == 60
    assert bars[0].top == 0
    assert [bar.top for bar in bars] == sorted(bar.top for bar in bars)
    assert box_texts(forward)[4].shape[0] == "200 scores, the largest 60 shown"


def test_the_likeliest_and_all_others_are_a_hundred_per_cent():
    forward = forward_of()
    rows = prob_rows(forward, 2)
    assert [row.label for row in rows] == ["a", "g", "d", "f", "end", "3 others"]
    assert rows[-1].share is None
    assert sum(float(row.prob.removesuffix(" %")) for row in rows) == pytest.approx(100)
    assert rows[0].share == pytest.approx(float(forward.probs[2, 0]) / 0.4)


def test_each_position_has_its_own_mlp_logits_and_probabilities():
    html = render_forward_pass(forward_of()).html
    assert "mg-boxes mg-last2" in html  # the last token is lit first
    for i in range(3):
        assert html.count(f'class="mg-at mg-at{i}"') >= 6
        assert html.count(f'class="mg-col mg-t{i}"') == 3  # boxes 1 to 3
        label = f"{prob_rows(forward_of(), i)[0].label} {prob_rows(forward_of(), i)[0].prob}"
        assert f'aria-label="{label}' in html
    assert html.count('class="mg-box"') == 6


def test_each_letter_can_be_focused_and_says_what_the_boxes_show():
    html = render_forward_pass(forward_of()).html
    assert html.count('tabindex="0"') == 3
    assert (
        'aria-label="d, token 3. Attention: d takes start 29.2 %, a 33.3 %, d 37.5 %. Likeliest '
        "after it: a 39.0 %," in html
    )


def test_motion_only_changes_how_it_gets_there():
    before = forward_of(probs=np.full((3, 8), 0.125), text="b")
    still, moving = (render_forward_pass(forward_of(), old).html for old in (None, before))
    assert moving.count("mg-gl") == 5
    assert moving.rindex('<div class="mg-at mg-at2">') < moving.index("mg-gl")  # the last position
    assert "--w0:83.333%" in moving  # 12.5 % of an axis that ends at 15 %
    assert re.sub(r" mg-gl|;--l0:0;--w0:[\d.]+%", "", moving) == still


def test_texts_are_escaped():
    hostile = forward_of(labels=("<b>", *LABELS[1:]), text="<b>")
    html = render_forward_pass(hostile).html
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


def test_ids_with_many_digits_stand_on_two_levels():
    words = tuple(f"w{i}" for i in range(60000))
    row = np.zeros((1, 1))
    wide = forward_of((50000, 51000, 52000, 53000, 54000), 5, embedding=np.zeros((5, 4)))
    wide = replace(wide, labels=words, bos_id=None, mlp_hidden=np.repeat(row, 5, 0))
    assert render_forward_pass(wide).html.count("mg-id mg-stagger") == 5
    assert "mg-stagger" not in render_forward_pass(forward_of()).html
    assert "mg-id mg-large" in render_forward_pass(forward_of()).html


def test_the_still_picture_has_the_same_numbers():
    forward = forward_of()
    drawing = draw_forward_pass(forward)
    texts = drawing.texts()
    for row in prob_rows(forward, 2):
        assert row.label in texts
        assert row.prob in texts
    assert {"3 tokens × 4 numbers", "29 %", "33 %", "38 %"} <= set(texts)
    assert 'How does "ad" become a guess?' in texts
    lit = [shape for shape in drawing.shapes if isinstance(shape, Text) and shape.fill == "on-data"]
    assert [shape.text for shape in lit] == ["d"] * 6


def test_nothing_in_the_still_picture_leaves_its_box():
    for forward in (forward_of(), forward_of(tuple(range(8)), 6, num_layers=12, num_heads=12)):
        drawing = draw_forward_pass(forward)
        boxes = [s for s in drawing.shapes if isinstance(s, Rect) and s.fill == "page"]
        assert len(boxes) == 6
        for shape in drawing.shapes:
            if isinstance(shape, Text) and shape.size < 13:
                width = 6.1 * len(shape.text)  # of a text of 12 pixels in the widest font
                assert any(
                    box.x < shape.x and shape.x + width <= box.x + box.width + 0.5
                    and box.y < shape.y < box.y + box.height
                    for box in boxes
                ), shape.text  # fmt: skip


def test_the_table_begins_with_the_likeliest():
    table = logits_table(forward_of())
    assert "after the last letter" in table
    assert table.index(">a</td><td>2.000000</td><td>0.39") < table.index(">g</td><td>1.500000</td>")
