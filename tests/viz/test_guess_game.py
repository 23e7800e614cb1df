"""A guessing round: the caption and the picture tell the guess from the target."""

from dataclasses import replace

import numpy as np
import pytest
from svg import rects_of

from microgpt.viz.drawing import Text
from microgpt.viz.guess_game import MAX_BARS, GuessRound, draw_guess_round, guess_table

PROBS = np.array([0.1, 0.5, 0.25, 0.15])
ROUND = GuessRound(2, 3, "anna", "an", target=2, labels="abcd")
ANSWERED = replace(ROUND, guess=0, probs=PROBS, ranked_ids=np.array([1, 2, 3, 0]))


def texts(drawing):
    return [shape.text for group in drawing.groups for shape in group.shapes if type(shape) is Text]


def test_before_the_guess_nothing_is_given_away():
    drawing, caption = draw_guess_round(ROUND)
    assert caption.startswith('A name begins with "an". Choose the letter')
    assert "round 2 of 3" in texts(drawing)
    assert not any("%" in text for text in texts(drawing))
    assert "<table" not in guess_table(ROUND)


def test_guess_and_target_are_told_apart():
    drawing, caption = draw_guess_round(ANSWERED)
    assert caption == (
        "You said 'a': the model gives it 10.0 %, the fourth choice. The name goes on with 'c', "
        'the second choice (25.0 %). It is "anna".'
    )
    owners = [text for text in texts(drawing) if text in ("you", "name", "both")]
    assert owners == ["you", "name"]  # in the order of the tokens, a and c
    percents = [text for text in texts(drawing) if text.endswith(" %")]
    assert percents == ["10 %", "50 %", "25 %"]


def test_a_right_guess():
    right = replace(ANSWERED, guess=2)
    drawing, caption = draw_guess_round(right)
    assert "'c': the model gives it 25.0 %, the second choice. That is the letter that" in caption
    assert [text for text in texts(drawing) if text in ("you", "name", "both")] == ["both"]


def test_the_last_round_has_both_scores():
    _, caption = draw_guess_round(replace(ANSWERED, scores=(1, 3)))
    assert caption.endswith("You were right in 1 of 3 rounds; its first choice was right in 3.")


@pytest.mark.parametrize("guess", [0, 98, 99])
def test_of_many_tokens_guess_target_and_the_likeliest_are_drawn(guess):
    V = 100
    probs = np.arange(V, 0, -1) / (V * (V + 1) / 2)
    drawing, _ = draw_guess_round(
        replace(ANSWERED, guess=guess, target=99, labels=[f"t{i}" for i in range(V)], probs=probs,
                ranked_ids=np.arange(V))
    )  # fmt: skip
    assert len(rects_of(drawing, "prob")) == MAX_BARS
    assert {f"t{guess}"[:3], "t99"} <= set(texts(drawing))


def test_the_table_is_sorted_by_rank():
    table = guess_table(ANSWERED)
    rows = ["".join(f"<td>{cell}</td>" for cell in row) for row in (
        ("b", 1, "0.500000"), ("c", 2, "0.250000"), ("d", 3, "0.150000"), ("a", 4, "0.100000"),
    )]  # fmt: skip
    assert [table.index(row) for row in rows] == sorted(table.index(row) for row in rows)
