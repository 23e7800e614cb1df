"""The merge time machine's state: its tokens are the tokenizer's, one merge after another."""

import random

import pytest

import microgpt as mg
from microgpt.errors import SettingError, TokenError
from microgpt.tokenizers import BPETokenizer
from microgpt.widgets.merge_lists import GPT2, OURS, STORY_POINTS, merge_list
from microgpt.widgets.merge_state import MAX_LENGTH, MergeState, start_state
from microgpt.widgets.merge_time_machine import EXAMPLES

NUMBERS = (0, 30, 100, 300, 1000)
# Text -> how many tokens it is with so many of our merges.
COUNTS = {
    "unbelievable tokenization": (25, 22, 19, 17, 15),
    EXAMPLES["leading spaces"]: (27, 14, 12, 12, 12),
    EXAMPLES["127+677"]: (31, 28, 28, 28, 28),
    EXAMPLES["astronaut"]: (11, 11, 11, 11, 11),
    EXAMPLES["five languages"]: (37, 34, 34, 32, 29),
    EXAMPLES["your name"]: (23, 23, 18, 15, 12),
}
ALPHABET = "abcdehinorst   .,'19é人👩\u200d🚀\nшم<&"


def boxes(text, number, name=OURS):
    return MergeState(text, name, number).view.boxes


def contents(text, number, name=OURS):
    return [box.content for box in boxes(text, number, name)]


def random_texts(count, seed=0):
    draw = random.Random(seed)
    story = ["the story of ", "unbelievable", " there", "ing and "]
    for _ in range(count):
        pieces = draw.choices([*ALPHABET, *story], k=draw.randint(1, 12))
        yield "".join(pieces), draw.choice((0, 1, 2, 5, 30, 100, 300, 700, 1000))


def test_without_merges_there_is_a_box_for_every_byte():
    for text in (*EXAMPLES.values(), "é人", "a\nb"):
        assert contents(text, 0) == [bytes([byte]) for byte in text.encode()]


def test_tokens_are_those_of_a_tokenizer_with_so_many_merges():
    ours = merge_list(OURS).tokenizer
    with_merges = {}
    for text, number in random_texts(1000):
        if number not in with_merges:
            with_merges[number] = BPETokenizer(ours.merges[:number])
        state = MergeState(text, OURS, number)
        assert state.tokens == with_merges[number].encode(text), (text, number)
        assert b"".join(box.content for box in state.view.boxes) == text.encode()


def test_a_merge_glues_only_the_boxes_of_its_own_pair():
    text = "the theme is unbelievable; the other theatre, there"
    ours = merge_list(OURS).tokenizer
    for number in range(1, 1001):
        before, after = MergeState(text, OURS, number - 1), MergeState(text, OURS, number)
        left, right = ours.merges[number - 1]
        merged, expected = 255 + number, []
        for token in after.tokens:
            expected += [left, right] if token == merged else [token]
        assert before.tokens == expected


@pytest.mark.parametrize("text", COUNTS)
def test_the_examples_have_these_counts(text):
    assert tuple(len(boxes(text, number)) for number in NUMBERS) == COUNTS[text]


@pytest.mark.parametrize("text", ["the theme is unbelievable", *EXAMPLES.values()])
def test_next_stops_at_the_merges_in_the_trees_of_the_last_tokens_and_at_no_others(text):
    state, stops = MergeState(text), []
    while state.next_change is not None:
        state = state.at_next_change()
        stops.append(state.num_merges)
    used = {node.merge for index in range(len(state.view.boxes))
            for node in state.with_box(index + 1).view.tree if node.merge}  # fmt: skip
    assert stops == sorted(used) == state.changes
    back = [state.num_merges]
    while state.num_merges:
        state = state.at_previous_change()
        back.append(state.num_merges)
    assert back == [*reversed(stops), 0] if stops else back == [0]


def test_gpt2s_list(data):
    def number_of_tokens(text):
        return len(boxes(text, 50_000, GPT2))

    assert number_of_tokens("unbelievable tokenization") == 6
    assert number_of_tokens("strawberry") == 3
    assert number_of_tokens(" strawberry") == 1
    astronaut = boxes("👩\u200d🚀", 50_000, GPT2)
    assert len(astronaut) == 7
    assert all(box.label.is_bytes for box in astronaut)
    full = merge_list(GPT2).tokenizer
    for text, _ in random_texts(200, seed=1):
        assert MergeState(text, GPT2, 50_000).tokens == full.encode(text), text


def test_another_list_keeps_the_number_of_merges_unless_all_were_allowed(data):
    assert MergeState("a", OURS, 30).with_list(GPT2).num_merges == 30
    assert MergeState("a", OURS, 1000).with_list(GPT2).num_merges == 50_000
    assert MergeState("a", GPT2, 50_000).with_list(OURS).num_merges == 1000
    assert MergeState("a", GPT2, 2000).with_list(OURS).num_merges == 1000
    with pytest.raises(SettingError, match="list"):
        MergeState("a").with_list("another")


def test_the_chosen_byte_stays_chosen_while_merges_change():
    state = MergeState("the theme", OURS, 0).with_box(6)
    assert state.view.chosen_box.content == b"h"
    assert state.with_num_merges(1).view.chosen_box.content == b"he"
    assert state.with_num_merges(4).view.chosen_box.content == b" the"
    assert state.with_text("other").chosen_byte is None
    assert state.with_text("the theme") is state


def test_until_a_box_is_chosen_the_newest_is():
    assert MergeState("the theme", OURS, 0).view.chosen == 0
    assert MergeState("the theme", OURS, 4).view.chosen_box.content == b" the"
    assert MergeState("the theme", OURS, 5).view.chosen_box.content == b" the"


def test_a_tree_is_its_two_parts_down_to_bytes():
    merged = MergeState("in the", OURS, 4).view
    nodes = [(node.label.shown, node.start, node.num_bytes, node.level, node.merge)
             for node in merged.tree]  # fmt: skip
    assert nodes == [
        ("␣the", 0, 4, 2, 4), ("␣t", 0, 2, 1, 2), ("␣", 0, 1, 0, 0), ("t", 1, 1, 0, 0),
        ("he", 2, 2, 1, 1), ("h", 2, 1, 0, 0), ("e", 3, 1, 0, 0),
    ]  # fmt: skip
    assert [(note.number, note.merged.shown, note.count) for note in merged.merges] == [
        (1, "he", 622), (2, "␣t", 552), (4, "␣the", 345),
    ]  # fmt: skip


def test_the_curve_is_the_bytes_per_token_at_each_change():
    text = "the theme is unbelievable, is it? 👩\u200d🚀"
    state, size = MergeState(text), len(text.encode())
    curve = dict(state.view.curve)
    assert list(curve) == [0, *state.changes]
    for number, length in curve.items():
        assert length == pytest.approx(size / len(boxes(text, number)))
    assert MergeState("").view.curve == ((0, 1.0),)


def test_the_line_of_the_story_is_that_of_tokenizers_with_fewer_merges():
    story = mg.load_corpus("story")[0]
    ours = merge_list(OURS)
    points = dict(ours.story_curve)
    assert list(points) == sorted(points)
    assert STORY_POINTS / 2 < len(points) <= STORY_POINTS + 2
    for number in (0, next(number for number in points if number > 90), 1000):
        tokens = BPETokenizer(ours.tokenizer.merges[:number]).encode(story)
        assert points[number] == pytest.approx(len(story.encode()) / len(tokens))


def test_what_cannot_be_shown_is_refused():
    start_state("a" * MAX_LENGTH, 0)
    with pytest.raises(SettingError, match=r"at most 200 characters.*10,000 characters"):
        start_state("a" * 10_000, 0)
    with pytest.raises(SettingError, match="got 3"):
        start_state(3, 0)
    with pytest.raises(TokenError, match="half of a pair"):
        start_state("a\ud800", 0)
    assert start_state("", 0).with_box(1).view.boxes == ()
