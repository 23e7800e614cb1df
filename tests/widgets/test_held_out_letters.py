"""The letters of held-out names, and the models that are counted on the other names."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.data import Corpus
from microgpt.widgets.held_out_letters import MAX_LETTERS, HeldOutLetters


@pytest.fixture(scope="module")
def letters():
    return HeldOutLetters(mg.load_corpus("names-mini"))


def test_every_letter_of_the_held_out_names_has_a_position(letters):
    held_out = mg.load_corpus("names-mini").distinct().split()[1]
    asked = [letters.letter(i) for i in range(len(letters.targets))]
    assert len(asked) == sum(len(name) + 1 for name in held_out)
    for letter in asked[:40]:
        rest = letter.name[len(letter.prefix) :]
        assert letter.name.startswith(letter.prefix)
        assert letters.labels[letter.target] == (rest[:1] or "⟨BOS⟩")
        assert letters.labels[letter.before] == (letter.prefix[-1:] or "⟨BOS⟩")
    assert {letter.name for letter in asked} == set(held_out)


def test_the_counted_models_are_those_of_the_scoreboard(letters):
    board = mg.learn.scoreboard("names-mini")
    for name, model in (
        ("letters counted", letters.counted_letters),
        ("pairs counted", letters.counted_pairs),
    ):
        np.testing.assert_array_equal(model.counts, board[name].counts)
    blind, single, pairs = letters.baseline_nats(np.arange(len(letters.targets))).mean(axis=0)
    assert [blind, single, pairs] == pytest.approx([score.loss for score in board.scores])


def test_the_score_of_the_pairs_is_that_of_the_probabilities_shown(letters):
    positions = np.array([0, 5, 77])
    nats = letters.baseline_nats(positions)[:, 2]
    for position, expected in zip(positions, nats, strict=True):
        letter = letters.letter(position)
        probs = letters.pairs_after(letter.before)
        assert probs.sum() == pytest.approx(1)
        assert -np.log(probs[letter.target]) == pytest.approx(expected)


def test_rounds_follow_from_the_seed_and_never_ask_one_name_twice(letters):
    drawn = letters.draw(3, 30)
    assert drawn == letters.draw(3, 30)
    assert drawn[:10] == letters.draw(3, 10)
    assert drawn != letters.draw(4, 30)
    assert len({letters.owners[position] for position in drawn}) == 30
    assert drawn[0] == int(mg.uniform(3, 1) * len(letters.targets))


def test_as_many_rounds_as_names_ask_every_name_once(letters):
    drawn = letters.draw(0, len(letters.names))
    assert sorted(letters.owners[list(drawn)]) == list(range(len(letters.names)))


def test_more_letters_than_keys_are_refused():
    many = tuple(chr(0x4E00 + i) for i in range(MAX_LETTERS))
    with pytest.raises(mg.SettingError, match=r"at most 200 different letters.*got 201 letters"):
        HeldOutLetters(Corpus("many", many))
    assert HeldOutLetters(Corpus("fits", many[1:])).vocab_size == MAX_LETTERS
