"""The pictures and sentences of the merge time machine."""

import re
from dataclasses import replace

import pytest

from microgpt.viz.merges import (
    Label,
    MergedText,
    MergeNote,
    TokenBox,
    TreeNode,
    draw_merges,
    merges_caption,
    merges_table,
    render_merges,
    token_label,
)
from microgpt.viz.merges.curve import length_chart
from microgpt.viz.merges.tree import needed_width


def box(content, start, token, merge=0, chunk=0, is_new=False):
    return TokenBox(token_label(content), content, start, token, merge, chunk, is_new)


A, B, AB = Label("a"), Label("b"), Label("ab")
TREE = (TreeNode(AB, 0, 2, 1, 3), TreeNode(A, 0, 1, 0, 0), TreeNode(B, 1, 1, 0, 0))
MERGED = MergedText(
    "ab a", "ours", 10, 3,
    (box(b"ab", 0, 258, 3, 0, is_new=True), box(b" ", 2, 32, 0, 1), box(b"a", 3, 97, 0, 1)),
    0, TREE, (MergeNote(3, A, B, AB, 5),), 2, 3, 7, ((0, 1.0), (3, 4 / 3), (7, 2.0)),
    ((0, 1.0), (10, 3.0)),
)  # fmt: skip
BYTES = replace(
    MERGED, num_merges=0, last_change=0, next_change=3, chosen=1, merges=(),
    boxes=(box(b"a", 0, 97), box(b"b", 1, 98), box(b" ", 2, 32, 0, 1), box(b"a", 3, 97, 0, 1)),
    tree=(TreeNode(B, 0, 1, 0, 0),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("content", "shown", "is_bytes"),
    [
        (b"a", "a", False), (b" the", "␣the", False), (b"  ", "␣␣", False), (b"a b", "a␣b", False),
        (b"\n", "⏎", False), ("é".encode(), "é", False), (b"\xc3", "195", True),
        (b"\xe2\x9c", "226 156", True), ("\u200d".encode(), "226 128 141", True),
        (b"\x00", "0", True),
        (b"\xa0", "160", True), ("\u00a0".encode(), "194 160", True),
    ],
)  # fmt: skip
def test_bytes_that_are_no_text_are_shown_as_numbers(content, shown, is_bytes):
    assert token_label(content) == Label(shown, is_bytes)


def test_long_tokens_are_shortened():
    assert len(token_label(b"=" * 64).shown) == 24
    assert token_label(b"\xff" * 64).shown == "255 " * 8 + "…"


def test_the_sentence_names_the_merge_of_the_chosen_box_and_the_gap():
    assert merges_caption(MERGED) == (
        "With 3 of 10 merges “ab a” is 3 tokens, 1.33 bytes each. In the outlined box, "
        "merge 3 glued “a” and “b” into “ab”, seen 5 times. "
        "The next 3 merges change nothing in this text."
    )
    assert "seen once." in merges_caption(replace(MERGED, merges=(MergeNote(3, A, B, AB, 1),)))
    assert "into “ab”. The" in merges_caption(
        replace(MERGED, merges=(MergeNote(3, A, B, AB, None),))
    )
    assert merges_caption(replace(MERGED, num_merges=6)).endswith("seen 5 times.")
    assert merges_caption(replace(MERGED, next_change=None)).endswith(
        "No later merge changes this text."
    )
    assert merges_caption(BYTES) == (
        "Before any merge “ab a” is 4 tokens, one for each byte. The next 2 merges change nothing "
        "in this text."
    )


def test_a_whole_text_in_one_token():
    one = replace(MERGED, text="ab", boxes=MERGED.boxes[:1], num_merges=10, next_change=None)
    assert merges_caption(one).startswith(
        "With all 10 merges “ab” is 1 token of 2 bytes. In the outlined box, merge 3"
    )


def test_a_text_that_no_merge_touches():
    foreign = replace(BYTES, num_merges=10, next_change=None)
    assert merges_caption(foreign) == (
        "All 10 merges leave this text as 4 bytes: they were counted on English."
    )
    assert merges_caption(replace(foreign, list_name="GPT-2")).endswith("none occurs in it.")


def test_boxes_are_buttons_and_only_the_chosen_one_is_reached_with_tab():
    html = render_merges(MERGED).html
    assert [html.count(f'data-pick="{number}"') for number in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert html.count('aria-pressed="true"') == html.count('role="button" tabindex="0"') == 1
    assert html.count('class="mg-chunk"') == 2


def test_a_filled_box_was_glued_and_the_key_says_so():
    html = render_merges(MERGED).html
    boxes = [box for box in MERGED.boxes if box.merge]
    assert 0 < len(boxes) < len(MERGED.boxes)
    assert html.count("mg-token mg-merged") == len(boxes) + 2  # two of them in the key
    for meaning in ("one byte", "glued by merges", "glued by the last merge"):
        assert meaning in html
    assert {"one byte", "glued by merges"} <= set(draw_merges(MERGED).texts())


def test_only_boxes_that_are_new_join_the_row():
    assert render_merges(MERGED, BYTES).html.count("mg-gj") == 1
    assert render_merges(MERGED, MERGED).html.count("mg-gj") == 0
    assert render_merges(MERGED).html.count("mg-gj") == 0
    assert render_merges(MERGED, replace(BYTES, text="abba")).html.count("mg-gj") == 0


def test_lines_are_steps_and_end_at_the_last_merge():
    chart = length_chart(MERGED)
    xs = [x for x, _ in chart.text_line]
    assert xs == pytest.approx([0, 0.3, 0.3, 0.7, 0.7, 1])
    ys = [y for _, y in chart.text_line]
    assert ys[0] == ys[1] == 1
    assert ys[4] == ys[5] == pytest.approx(0.5)
    assert chart.story_line[-1] == pytest.approx((1, 0))
    assert chart.dot == pytest.approx((0.3, 5 / 6))


def text_of(html):
    return re.sub(r"<[^>]*>", "|", html)


def test_both_axes_and_both_lines_are_named():
    shown, drawn = text_of(render_merges(MERGED).html), draw_merges(MERGED).texts()
    for name in ("bytes per token", "merges allowed", "this text", "the story"):
        assert f"|{name}|" in shown
        assert name in drawn


def test_a_number_in_the_tree_says_that_it_is_a_merges():
    assert "|merge |3|" in text_of(render_merges(MERGED).html)
    assert "merge 3" in draw_merges(MERGED).texts()


@pytest.mark.parametrize(("num_bytes", "drawn"), [(4, "merge 77"), (8, "77"), (64, None)])
def test_where_a_bar_is_narrow_the_number_stands_alone_or_not_at_all(num_bytes, drawn):
    long = TreeNode(Label("a" * num_bytes), 0, num_bytes, 2, 0)
    tree = (long, replace(TREE[0], num_bytes=1, merge=77))
    many = replace(MERGED, boxes=(box(b"a" * num_bytes, 0, 300),), tree=tree)
    texts = draw_merges(many).texts()
    assert [text for text in texts if "77" in text] == [drawn] * (drawn is not None)


def test_labels_of_the_tree_need_a_little_more_than_their_width():
    assert needed_width(10) == 16
    assert needed_width(12.5) == 22
    assert needed_width(1000) == 320


def test_hostile_texts_are_escaped():
    hostile = replace(MERGED, text="<b>", boxes=(box(b"<b>", 0, 258, 3, 0),))
    rendered = render_merges(hostile)
    assert "<b>" not in rendered.html
    assert "<b>" not in merges_table(hostile)
    assert "“<b>”" in rendered.caption


@pytest.mark.parametrize("merged", [MERGED, BYTES, replace(MERGED, boxes=(), text="")])
def test_the_still_picture(merged):
    texts = draw_merges(merged).texts()
    for one in merged.boxes:
        assert one.label.shown in texts
    assert draw_merges(merged).png()


def test_a_still_picture_of_a_long_text_says_how_much_is_left_out():
    many = tuple(box(b"abcdefgh", 8 * i, 300, 10, i) for i in range(200))
    drawing = draw_merges(replace(MERGED, boxes=many))
    shown = drawing.texts().count("abcdefgh")
    assert f"… {200 - shown} more" in drawing.texts()
