"""`ScoredGame`: the state of the scored guessing game: probabilities for held-out letters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from microgpt.config.checks import check_integer
from microgpt.errors import SettingError, StateError
from microgpt.plain_text import pluralize
from microgpt.training.metrics import Evaluation
from microgpt.viz.scored_guess import Reveal, ScoredRound
from microgpt.widgets.held_out_letters import HeldOutLetters

MAX_CHOSEN, MAX_CONFIDENCE = 3, 99  # letters, per cent: no letter ever has a probability of 0
MIN_ROUNDS, MAX_ROUNDS = 2, 100  # one round has no spread
MAX_SEED = 2**32 - 1


class LetterGuess(NamedTuple):
    """The letters chosen, as token ids, and their probability together, in per cent."""

    chosen: tuple[int, ...] = ()
    confidence: int = 0

    def probabilities(self, vocab_size: int) -> np.ndarray:
        """Return the probability of each letter (V,).

        The chosen share `confidence`, the others the rest. Without a choice, and at 0 %, all
        letters have the same.
        """
        if not self.chosen or not self.confidence:
            return np.full(vocab_size, 1 / vocab_size)
        probs = np.full(vocab_size, (1 - self.confidence / 100) / (vocab_size - len(self.chosen)))
        probs[list(self.chosen)] = self.confidence / 100 / len(self.chosen)
        return probs


NO_GUESS = LetterGuess()


@dataclass(frozen=True)
class ScoredGame:
    """A game: round i asks for the held-out letter at `positions[i]`.

    `guesses` are fixed, one for each answered round; `draft` is the guess that can still change.
    `index` is the round that is shown. `seed` drew the positions.
    """

    letters: HeldOutLetters
    seed: int
    positions: tuple[int, ...]
    guesses: tuple[LetterGuess, ...] = ()
    draft: LetterGuess = NO_GUESS
    index: int = 0

    @property
    def num_rounds(self) -> int:
        """The number of rounds."""
        return len(self.positions)

    @property
    def is_answered(self) -> bool:
        """Whether the guess of the shown round is fixed."""
        return self.index < len(self.guesses)

    @property
    def is_over(self) -> bool:
        """Whether all rounds are answered."""
        return len(self.guesses) == self.num_rounds

    @property
    def guess(self) -> LetterGuess:
        """The guess of the shown round."""
        return self.guesses[self.index] if self.is_answered else self.draft

    @property
    def max_chosen(self) -> int:
        """How many letters may be chosen; one is always left for the rest."""
        return min(MAX_CHOSEN, self.letters.vocab_size - 1)

    def with_letters(self, tokens: Sequence[int]) -> "ScoredGame":
        """Return the game with these letters chosen; raise StateError for too many."""
        chosen = tuple(dict.fromkeys(tokens))
        if self.is_answered:
            return self
        if len(chosen) > self.max_chosen:
            raise StateError(
                f"you can choose {pluralize(self.max_chosen, 'letter')} at most",
                "take one back to choose another",
            )
        return replace(self, draft=self.draft._replace(chosen=chosen))

    def toggle(self, token: int) -> "ScoredGame":
        """Return the game with one letter chosen, or no longer chosen."""
        chosen = self.draft.chosen
        others = tuple(other for other in chosen if other != token)
        return self.with_letters(others if token in chosen else (*chosen, token))

    def with_confidence(self, confidence: float) -> "ScoredGame":
        """Return the game with the chosen letters sharing `confidence` per cent."""
        if self.is_answered:
            return self
        confidence = check_integer("confidence", int(confidence), 0, MAX_CONFIDENCE)
        return replace(self, draft=self.draft._replace(confidence=confidence))

    def answered(self) -> "ScoredGame":
        """Return the game with the guess of this round fixed; unchanged if it is fixed already."""
        if self.is_answered:
            return self
        next_draft = LetterGuess((), self.draft.confidence)
        return replace(self, guesses=(*self.guesses, self.draft), draft=next_draft)

    def next_round(self) -> "ScoredGame":
        """Return the game at the next round; unchanged before a guess and in the last round."""
        if not self.is_answered or self.index + 1 == self.num_rounds:
            return self
        return replace(self, index=self.index + 1)

    def previous_round(self) -> "ScoredGame":
        """Return the game at the round before, to look back at it."""
        return replace(self, index=max(0, self.index - 1))

    @cached_property
    def nats(self) -> np.ndarray:
        """The negative log-likelihood (R, 4) of answered rounds, by player."""
        positions = np.array(self.positions[: len(self.guesses)], int)
        targets = self.letters.targets[positions]
        vocab_size = self.letters.vocab_size
        yours = [
            -np.log(guess.probabilities(vocab_size)[target])
            for guess, target in zip(self.guesses, targets, strict=True)
        ]
        return np.column_stack([np.array(yours), self.letters.baseline_nats(positions)])

    def difference(self) -> tuple[float, float]:
        """Return the mean of you minus pairs, and two standard errors of the paired differences."""
        differences = self.nats[:, 0] - self.nats[:, 3]
        paired = Evaluation.from_rows(differences, np.ones(len(differences)))
        return paired.loss, 2 * paired.stderr

    def view(self) -> ScoredRound:
        """Return the shown round as plain data; the true letter is in it once that is shown."""
        letter = self.letters.letter(self.positions[self.index])
        view = ScoredRound(
            number=self.index + 1,
            num_rounds=self.num_rounds,
            prefix=tuple(letter.prefix),
            labels=self.letters.labels,
            chosen=self.guess.chosen,
            confidence=self.guess.confidence,
            probs=self.guess.probabilities(self.letters.vocab_size),
            nats=self.nats,
        )
        if not self.is_answered:
            return view
        rest = tuple(letter.name[len(letter.prefix) + 1 :])
        pairs = self.letters.pairs_after(letter.before)
        is_end = self.is_over and self.index + 1 == self.num_rounds
        return replace(
            view,
            reveal=Reveal(letter.name, letter.target, rest, pairs),
            difference=self.difference() if is_end else None,
        )


def deal_scored_game(letters: HeldOutLetters, seed: int, rounds: int) -> ScoredGame:
    """Make a game of `rounds` letters, drawn by `seed`; raise SettingError for too many."""
    rounds = check_integer("rounds", rounds, MIN_ROUNDS, MAX_ROUNDS)
    seed = check_integer("seed", seed, 0, MAX_SEED)
    if rounds > len(letters.names):
        raise SettingError(
            "rounds",
            f"at most {len(letters.names)}, the number of names held out",
            rounds,
            "play fewer or give a longer corpus",
        )
    return ScoredGame(letters, seed, letters.draw(seed, rounds))
