"""The rules of the scored game: what a guess gives each letter, and what it scores."""

from dataclasses import replace

import numpy as np
import pytest

import microgpt as mg
from microgpt.widgets.held_out_letters import HeldOutLetters
from microgpt.widgets.scored_game import LetterGuess, deal_scored_game


@pytest.fixture(scope="module")
def letters():
    return HeldOutLetters(mg.load_corpus("names-mini"))


@pytest.fixture
def game(letters):
    return deal_scored_game(letters, 0, 10)


def played(game, guesses):
    for chosen, confidence in guesses:
        game = game.next_round().with_confidence(confidence).with_letters(chosen).answered()
    return game


def random_guesses(rng, count):
    return [
        (rng.choice(27, rng.integers(0, 4), replace=False).tolist(), int(rng.integers(0, 100)))
        for _ in range(count)
    ]


def test_chosen_letters_share_what_the_slider_says_and_the_others_the_rest():
    probs = LetterGuess((2, 5), 30).probabilities(27)
    assert probs[[2, 5]] == pytest.approx(0.15)
    assert np.delete(probs, [2, 5]) == pytest.approx(0.7 / 25)
    for blind in (LetterGuess((), 60), LetterGuess((4,), 0)):
        assert blind.probabilities(27) == pytest.approx(1 / 27)


def test_blind_play_scores_the_logarithm_of_the_number_of_letters(game):
    blind = played(game, [([3], 0)] * 10)
    assert blind.nats[:, 0] == pytest.approx(3.2958, abs=5e-5)
    np.testing.assert_allclose(blind.nats[:, 0], blind.nats[:, 1], rtol=1e-15)


def test_the_means_are_those_of_the_scores(game, letters):
    rng = np.random.default_rng(0)
    guesses = random_guesses(rng, 10)
    means = played(game, guesses).view().means()
    expected = np.zeros(4)
    board = mg.learn.scoreboard("names-mini")
    for position, (chosen, confidence) in zip(game.positions, guesses, strict=True):
        letter = letters.letter(position)
        yours = LetterGuess(tuple(chosen), confidence).probabilities(27)
        for i, probs in enumerate(
            (
                yours,
                np.full(27, 1 / 27),
                board["letters counted"].probabilities,
                board["pairs counted"].probabilities[letter.before],
            )
        ):
            expected[i] -= np.log(probs[letter.target]) / 10
    np.testing.assert_allclose(means, expected, atol=1e-9)


def test_no_score_is_infinite(letters):
    rng = np.random.default_rng(1)
    for seed in range(100):
        nats = played(deal_scored_game(letters, seed, 10), random_guesses(rng, 10)).nats
        assert np.isfinite(nats).all()
    assert np.isfinite(-np.log(LetterGuess((0, 1, 2), 99).probabilities(27))).all()


def test_the_difference_is_paired(game):
    over = played(game, random_guesses(np.random.default_rng(2), 10))
    differences = over.nats[:, 0] - over.nats[:, 3]
    mean, two_errors = over.difference()
    assert mean == pytest.approx(differences.mean())
    assert two_errors == pytest.approx(2 * differences.std(ddof=1) / np.sqrt(10))
    assert over.view().difference == (mean, two_errors)
    assert over.previous_round().view().difference is None


def test_a_fixed_guess_cannot_change(game):
    fixed = game.with_letters([1, 2]).with_confidence(40).answered()
    assert fixed.guesses == (LetterGuess((1, 2), 40),)
    for change in (
        fixed.with_letters([5]), fixed.with_confidence(9), fixed.answered(), fixed.toggle(3),
    ):  # fmt: skip
        assert change is fixed
    back = fixed.next_round().with_letters([7]).answered().previous_round()
    assert back.guess == LetterGuess((1, 2), 40)
    assert back.with_confidence(5) is back
    assert len(back.nats) == 2  # looking back takes no score away


def test_a_new_round_has_no_letters_and_waits_for_its_guess(game):
    assert game.next_round() is game
    second = game.with_letters([1]).with_confidence(40).answered().next_round()
    assert second.guess == LetterGuess((), 40)
    assert second.next_round() is second
    assert game.previous_round() == game


def test_at_most_three_letters_are_chosen_and_one_is_left(game):
    three = game.toggle(1).toggle(2).toggle(3)
    with pytest.raises(mg.StateError, match="you can choose 3 letters at most; take one back"):
        three.toggle(4)
    assert three.toggle(2).toggle(4).draft.chosen == (1, 3, 4)
    assert game.with_letters([1, 1, 2, 2]).draft.chosen == (1, 2)
    two_keys = deal_scored_game(
        HeldOutLetters(mg.load_corpus(text="\n".join("a" * i for i in range(1, 21)))), 0, 3
    )
    with pytest.raises(mg.StateError, match="1 letter at most"):
        two_keys.with_letters([0, 1])
    assert np.isfinite(played(two_keys, [([0], 99), ([1], 99), ([], 50)]).nats).all()


def test_until_the_guess_is_fixed_the_view_does_not_depend_on_the_true_letter(game):
    letters = game.letters
    starts = [i for i in range(len(letters.targets)) if letters.letter(i).prefix == "ma"]
    first, other = (
        starts[0],
        next(i for i in starts if letters.letter(i).target != letters.letter(starts[0]).target),
    )
    views = []
    for position in (first, other):
        asked = replace(game, positions=(position, *game.positions[1:]))
        views.append(asked.with_letters([1]).with_confidence(30).view())
    assert views[0].reveal is views[1].reveal is None
    for name in ("prefix", "chosen", "confidence", "difference"):
        assert getattr(views[0], name) == getattr(views[1], name)
    np.testing.assert_array_equal(views[0].probs, views[1].probs)
    assert len(views[0].nats) == len(views[1].nats) == 0


@pytest.mark.parametrize("rounds", [0, 1, 101, 2.5])
def test_the_number_of_rounds_is_checked(letters, rounds):
    with pytest.raises(mg.SettingError, match="rounds must be an integer from 2 to 100"):
        deal_scored_game(letters, 0, rounds)


def test_there_are_as_many_names_as_rounds():
    few = HeldOutLetters(mg.load_corpus(text="anna\nbert\ncora\ndora\nemil\nfred\ngerd\nhans"))
    with pytest.raises(
        mg.SettingError, match="rounds must be at most 2, the number of names held out"
    ):
        deal_scored_game(few, 0, 3)
    with pytest.raises(mg.SettingError, match="seed must be"):
        deal_scored_game(few, -1, 2)
