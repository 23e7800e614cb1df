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
from microgpt.viz.forward_pass.layer_texts import (
    heads_label,
    heads_sentence,
    hidden_label,
    hidden_sentence,
    sizes_label,
    stream_labels,
    takes_label,
)
from microgpt.viz.forward_pass.marks import (
    HIDDEN_COLUMNS,
    axis_letters,
    embedding_squares,
    head_squares,
    hinton_squares,
    logit_bars,
    prob_rows,
    weight_texts,
)
from microgpt.viz.forward_pass.residual import (
    Addition,
    addition_squares,
    additions,
    example_index,
    example_label,
    example_sum,
)
from microgpt.viz.forward_pass.still import TOP
from microgpt.viz.forward_pass.svg import arcs_svg, squares_svg
from microgpt.viz.forward_pass.texts import (
    answer,
    attention_sentence,
    box_texts,
    hints,
    position_label,
    prefix_label,
)

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
    heads = np.stack([weights, weights**2, np.tril(np.ones((T, T))), np.eye(T)])
    embedding = np.arange(shown * 4.0).reshape(shown, 4) - 5
    attention_out, mlp_out = 0.25 * embedding[::-1], np.full((shown, 4), -0.5)
    forward = ForwardPass(
        text="ad", token_ids=token_ids, labels=labels, bos_id=7, unit="letter", num_layers=1,
        adds_position=True, embedding_norm=True, embedding=embedding,
        attention_weights=(heads / heads.sum(-1, keepdims=True))[:, T - shown :],
        mlp_hidden=np.arange(shown * 16.0).reshape(shown, 16) - 16,
        resid_pre=embedding / 2, attention_out=attention_out,
        resid_mid=embedding / 2 + attention_out, mlp_out=mlp_out,
        resid_post=embedding / 2 + attention_out + mlp_out,
        logits=logits, probs=softmax(logits),
        ranked_ids=np.argsort(-logits, axis=-1, kind="stable"),
    )  # fmt: skip
    return replace(forward, **changes)


def shown(html):
    return [text for text in re.split(r"<[^>]*>", html) if text.strip()]


def with_heads(forward, num_heads):
    weights = np.repeat(forward.attention_weights[:1], num_heads, 0)
    return replace(forward, attention_weights=weights)


def test_what_leaves_each_box_is_said_in_words():
    texts = box_texts(forward_of())
    assert [text.title for text in texts] == [
        "Tokens", "Embedding", "Attention", "MLP", "Logits", "Probabilities",
    ]  # fmt: skip
    assert [text.output[-1] for text in texts] == [
        "1 number for each letter",
        "4 numbers for each letter",
        "4 numbers for each letter",
        "4 numbers for each letter",
        "8 scores, −3.00 to 2.00",
        "Most probable: “a”, 39.0\u00a0%",
    ]
    assert hidden_label(forward_of(), 2) == "16 of 16 numbers above 0"
    assert hidden_label(forward_of(), 1) == "15 of 16 numbers above 0"
    assert hidden_label(forward_of(mlp_hidden=np.ones((3, 96))), 1) == "the first 64 of 96 numbers"
    notebooks = " ".join(text.notebook for text in texts)
    assert re.findall(r"\d\d", notebooks) == ["04", "05", "06", "07", "07", "03", "09"]


def test_the_heads_and_the_layer_are_said():
    assert box_texts(forward_of())[2].sentence == (
        "Four heads look back at the same time, each with its own weights. What they find is added."
    )
    deep = with_heads(forward_of(num_layers=3), 1)
    assert box_texts(deep)[2].sentence == (
        "One head looks back. What it finds is added. Layer 3 of 3 is shown."
    )
    assert box_texts(with_heads(forward_of(), 16))[2].sentence.startswith("16 heads look back")
    assert stream_labels(deep, 0)[0] == "comes in from layer 2"
    assert stream_labels(deep, 1) == ("comes in", "the MLP adds", "the sum goes on")
    assert stream_labels(forward_of(), 0)[:2] == ("comes in", "attention adds")
    assert heads_label(forward_of()) == "all 4 heads, a row for each letter"
    assert heads_label(with_heads(forward_of(), 12)) == "4 of 12 heads, a row for each letter"
    assert heads_label(deep) == "all weights, a row for each letter"


def test_sentences_follow_the_model():
    forward = forward_of(unit="token", adds_position=False, embedding_norm=False, bos_id=None)
    sentences = [text.sentence for text in box_texts(forward)]
    assert sentences[1] == "Each token has a row of numbers."
    assert box_texts(forward_of())[1].sentence == (
        "Each letter has a row of numbers, and its position adds another. Then each row is scaled "
        "to the same size."
    )
    assert "“start” marks the beginning" in box_texts(forward_of())[0].sentence
    assert "start" not in " ".join(sentences)
    assert "letter" not in " ".join(sentences)
    assert sentences[4] == "One score for each token that could come next."
    assert box_texts(forward_of())[4].sentence == (
        "One score for each letter that could come next: 8 = 7 letters and the end."
    )
    assert sentences[5] == "Softmax turns the scores into 8 probabilities, together 100\u00a0%."


def test_the_caption():
    assert forward_caption(forward_of()) == (
        "“ad” becomes 3 tokens of 4 numbers each. Attention and the MLP each add to these numbers. "
        "After “ad”, the most probable is “a” with 39.0 %."
    )
    cut = forward_caption(forward_of(is_cut=True))
    assert cut.startswith(
        "The model reads at most 3 tokens, so only the last 3 of “ad” are followed, each as 4 "
    )
    alone = forward_caption(forward_of((0,), 1))
    assert alone.startswith("“ad” becomes 1 token of 4 numbers. Attention and the MLP each add")


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
    assert weights[0] == pytest.approx(float(forward.attention_weights[0, 5, :2].sum()))
    assert sum(weights) == pytest.approx(1)
    assert forward.column_weights(0)[2:] == [None] * 5  # later tokens are out of sight
    assert "earlier tokens" in attention_sentence(forward, 5)
    assert shown(render_forward_pass(forward).html).count("…") == 3
    assert box_texts(forward)[0].output == ("1 number for each letter, the last 6 of 8 shown",)
    assert takes_label(forward, 5) == "head 1: start takes from, in\u00a0%"
    assert takes_label(forward_of(), 2) == "head 1: d takes from"
    assert forward.column_weights(5, 3) == [0, 0, 0, 0, 0, 0, 1]  # a head that takes from itself


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
    assert [bar.label for bar in bars if bar.label] == ["a", "d", "f", "g"]  # "end" is beside "g"


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
    assert [bar.label for bar in logit_bars(forward, 0) if bar.label] == ["aaa", "c", "d", "end"]


def test_of_a_large_vocabulary_the_largest_logits_are_drawn():
    labels = tuple(f"t{i}" for i in range(200))
    forward = forward_of(labels=labels, bos_id=None)
    bars = logit_bars(forward, 2)
    assert len(bars) == 60
    assert bars[0].top == 0
    assert [bar.top for bar in bars] == sorted(bar.top for bar in bars)
    assert box_texts(forward)[4].output[0] == "200 scores, the largest 60 shown"


def test_the_most_probable_and_all_others_are_a_hundred_per_cent():
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
        assert example_sum(additions(forward_of())[0], i) in html
        assert answer(forward_of(), i) in html
        assert html.count(f'class="mg-col mg-t{i}"') == 3  # boxes 1 to 3
        label = f"{prob_rows(forward_of(), i)[0].label} {prob_rows(forward_of(), i)[0].prob}"
        assert f'aria-label="{label}' in html
    assert html.count('class="mg-box"') == 6


def test_each_letter_can_be_focused_and_says_what_the_boxes_show():
    html = render_forward_pass(forward_of()).html
    assert html.count('tabindex="0"') == 3
    assert (
        'aria-label="d, 2nd letter, token 3. Attention, head 1: d takes start 29.2 %, a 33.3 %, '
        "d 37.5 %. Most probable after it: a 39.0 %," in html
    )


def test_what_a_part_adds_and_what_came_in_are_what_goes_on():
    forward = forward_of()
    attention, mlp = additions(forward)
    assert (attention.part, mlp.part) == ("attention", "MLP")
    assert mlp.before is attention.after is forward.resid_mid
    for one in (attention, mlp):
        np.testing.assert_array_equal(one.before + one.added, one.after)
    assert attention.before is forward.resid_pre
    assert mlp.after is forward.resid_post


def test_an_example_adds_up_as_it_is_written():
    before, added = np.array([[0.004, -0.5, -0.3]]), np.array([[0.004, 0.25, -0.2]])
    addition = Addition("MLP", before, added, before + added)
    assert example_label(addition, 0) == "the largest change, number 2:"
    assert example_sum(addition, 0) == "−0.50 + 0.25 = −0.25"
    second = Addition("MLP", before[:, 2:], added[:, 2:], (before + added)[:, 2:])
    assert example_sum(second, 0) == "−0.30 + (−0.20) = −0.50"
    # 0.00 + 0.00 = 0.01 would be wrong, so nothing is written out
    first = Addition("MLP", before[:, :1], added[:, :1], (before + added)[:, :1])
    assert (example_index(first, 0), example_label(first, 0), example_sum(first, 0)) == (
        None, "", "",
    )  # fmt: skip


def test_a_change_is_only_called_the_largest_if_it_is():
    before, added = np.array([[0.0, 0.004, 0.1]]), np.array([[0.1, 5.004, -0.4]])
    addition = Addition("MLP", before, added, before + added)
    assert example_index(addition, 0) == 2  # 0.00 + 5.00 = 5.01 would be wrong
    assert example_label(addition, 0) == "a large change, number 3:"


def test_the_number_that_is_written_out_is_framed_in_all_three_rows():
    forward = forward_of()
    html = render_forward_pass(forward).html
    assert html.count('class="mg-framed"') == 2 * 3 * forward.num_shown
    row = hinton_squares(np.array([4.0, -1.0, 0.0, 2.0]), 4, 4.0)
    assert re.search(r'mg-framed" d="M2.94 -0.06h1.12', squares_svg(row, 4, 3))
    assert "mg-framed" not in squares_svg(row, 4)
    frames = [
        one for one in draw_forward_pass(forward).shapes
        if isinstance(one, Rect) and one.stroke == "ink"
    ]  # fmt: skip
    assert len(frames) == 6
    assert len({one.x for one in frames[:3]}) == 1


def test_a_letter_that_is_there_twice_is_told_from_the_other():
    forward = forward_of((7, 0, 3, 3), 4)
    assert [position_label(forward, i) for i in range(4)] == [
        "", "1st letter", "2nd letter", "3rd letter",
    ]  # fmt: skip
    assert [prefix_label(forward, i) for i in range(4)] == ["start", "“a”", "“ad”", "“add”"]
    boxes = render_forward_pass(forward).html.split("<section")[1:]
    for box in boxes[2:4]:
        assert ">3rd letter<" in box
    for box in boxes[4:]:
        assert ">“ad”<" in box
        assert ">“add”<" in box
    texts = draw_forward_pass(forward).texts()
    assert texts.count("“add”") == texts.count("3rd letter") == 2


def test_long_beginnings_and_hidden_tokens_are_counted():
    forward = forward_of((7, *range(7), 0), 6)
    assert position_label(forward, 5) == "8th letter"
    assert prefix_label(forward, 5) == "“…defga”"
    assert prefix_label(forward, 0) == "“abc”"
    assert position_label(forward_of((0, 3), 2, bos_id=None), 1) == "2nd letter"


def test_each_position_has_its_own_answer():
    assert [answer(forward_of(), i) for i in range(3)] == [
        "Most probable: “g”, 39.0\u00a0%",
        "Most probable: the end, 39.0\u00a0%",
        "Most probable: “a”, 39.0\u00a0%",
    ]


def test_what_can_be_done_is_said_before_the_boxes():
    html = render_forward_pass(forward_of()).html
    point, tap = hints(forward_of())
    assert html.index(point) < html.index(tap) < html.index(">above 0<") < html.index("<section")
    assert ", or press Tab, to follow it" in point
    assert hints(forward_of(unit="token"))[1].startswith("Tap a token")


def test_what_is_summed_has_the_true_sizes():
    assert heads_sentence(with_heads(forward_of(), 2)) == (
        "Each head adds up its own 2 numbers of these letters, in these shares: 2 heads make "
        "4 numbers."
    )
    assert heads_sentence(with_heads(forward_of(), 1)) == (
        "The head adds up 4 numbers of these letters, in these shares."
    )
    assert sizes_label(forward_of()) == "4 numbers → 16 → 4"
    assert hidden_sentence(forward_of()) == (
        "Each of the 16 is made from a weighted sum of the 4 that come in. Weighted sums of the 16 "
        "then make 4 numbers to add."
    )
    positive = forward_of(mlp_hidden=np.ones((3, 16)))
    assert hidden_sentence(positive).startswith(
        "Each of the 16 is a weighted sum of the 4 that come in; a sum below 0 becomes 0. "
    )
    html = render_forward_pass(forward_of()).html
    for text in (heads_sentence(forward_of()), sizes_label(forward_of())):
        assert text in html
    assert HIDDEN_COLUMNS == 16  # as many as the rows above and below have


def test_all_letters_stand_below_the_logits_where_they_fit():
    assert axis_letters(forward_of()) == [*"abcdefg", "end"]
    assert axis_letters(forward_of(labels=("ab", *LABELS[1:]))) == []
    assert axis_letters(forward_of(labels=tuple(map(chr, range(97, 197))), bos_id=None)) == []
    html = render_forward_pass(forward_of()).html
    assert html.count('class="mg-letters"') == 3
    assert html.count("mg-top") == 3 * 5  # the five largest are dark


def test_the_rows_of_both_sums_have_one_scale():
    forward = forward_of()
    squares = addition_squares(forward)
    stream = [forward.resid_pre, forward.attention_out, forward.resid_mid]
    stream = [stream, [forward.resid_mid, forward.mlp_out, forward.resid_post]]
    largest = max(abs(row).max() for part in stream for row in part)
    for part, rows in zip(squares, stream, strict=True):
        for drawn, row in zip(part, rows, strict=True):
            sides = [[one.side for one in position] for position in drawn]
            np.testing.assert_allclose(np.square(sides), abs(row) / largest)


def test_each_head_is_a_triangle_of_its_own_weights():
    forward = forward_of()
    for head in range(4):
        rows = head_squares(forward, head)
        assert [len(row) for row in rows] == [1, 2, 3]
        for row, weights in zip(rows, forward.attention_weights[head], strict=True):
            areas = [one.side**2 for one in row]
            assert areas == pytest.approx(weights[: len(row)].tolist())
    html = render_forward_pass(forward).html
    assert html.count('class="mg-pale"') == 4
    assert html.count('<path class="mg-at mg-at1"') == 4  # its row in each head
    assert render_forward_pass(with_heads(forward, 12)).html.count('class="mg-pale"') == 4


def test_each_box_but_the_last_has_an_arrow_to_the_next():
    html = render_forward_pass(forward_of()).html
    boxes = html.split("<section")[1:]
    assert [box.count('class="mg-flow"') for box in boxes] == [1, 1, 1, 1, 1, 0]
    assert [box.count('class="mg-sign"') for box in boxes] == [0, 0, 1, 1, 0, 0]


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
    wide = forward_of((50000, 51000, 52000, 53000, 54000), 5)
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
    assert {"4 numbers for each letter", "29 %", "33 %", "38 %"} <= set(texts)
    for part in range(2):
        assert set(stream_labels(forward, part)) <= set(texts)
        assert example_sum(additions(forward)[part], 2) in texts
    assert "How does “ad” become a guess?" in texts
    lit = [shape for shape in drawing.shapes if isinstance(shape, Text) and shape.fill == "on-data"]
    assert [shape.text for shape in lit] == ["d"] * 5  # in boxes 3 and 4 beside the title, too


def test_no_letter_of_the_still_picture_is_smaller_than_thirteen_pixels():
    drawing = draw_forward_pass(forward_of())
    assert min(shape.size for shape in drawing.shapes if isinstance(shape, Text)) == 13


def test_nothing_in_the_still_picture_leaves_its_box():
    deep = with_heads(forward_of(tuple(range(8)), 6, num_layers=12), 12)
    for forward in (forward_of(), deep):
        drawing = draw_forward_pass(forward)
        boxes = [s for s in drawing.shapes if isinstance(s, Rect) and s.fill == "raised"]
        assert len(boxes) == 8  # and the frames inside attention and MLP
        legend = max(box.y + box.height for box in boxes)
        for shape in drawing.shapes:
            if isinstance(shape, Text) and shape.anchor == "start" and TOP < shape.y < legend:
                width = 6.7 * len(shape.text)  # of a text of 13 pixels in the widest font
                assert any(
                    box.x < shape.x and shape.x + width <= box.x + box.width + 0.5
                    and box.y < shape.y < box.y + box.height
                    for box in boxes
                ), shape.text  # fmt: skip


def test_the_table_begins_with_the_most_probable():
    table = logits_table(forward_of())
    assert "after the last letter" in table
    assert table.index(">a</td><td>2.000000</td><td>0.39") < table.index(">g</td><td>1.500000</td>")
