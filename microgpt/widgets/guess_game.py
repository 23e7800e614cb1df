"""`GuessGame`: the state of the guessing game, made of validation names."""

from dataclasses import dataclass, replace

import numpy as np

from microgpt.data import Corpus
from microgpt.errors import Described, SettingError
from microgpt.sampling import SampledToken, next_token
from microgpt.viz.guess_game import GuessRound
from microgpt.widgets.logits_source import TextLogits

NUM_ROUNDS = 3
# (letters that a name must have, most letters shown of it). The second is for lists without names
# of four letters, as in Chinese; the third for tokens that are whole names.
NAME_SIZES = ((4, 4), (2, 1), (1, 100))


@dataclass(frozen=True)
class GuessGame:
    """A game: round i shows the tokens `prefixes[i]` of `names[i]`, which `targets[i]` follows.

    The prefixes begin with BOS. `guesses` holds a token id for each answered round; `index` is the
    current round; `seed` chose the names.
    """

    source: TextLogits
    names: tuple[str, ...]
    prefixes: tuple[tuple[int, ...], ...]
    targets: tuple[int, ...]
    seed: int = 0
    guesses: tuple[int, ...] = ()
    index: int = 0

    @property
    def is_answered(self) -> bool:
        """Whether the current round has a guess."""
        return len(self.guesses) > self.index

    @property
    def is_last_round(self) -> bool:
        """Whether the current round is the last."""
        return self.index + 1 >= len(self.targets)

    def with_guess(self, token: int) -> "GuessGame":
        """Return the game with `token` guessed in this round; a second guess is ignored."""
        return self if self.is_answered else replace(self, guesses=(*self.guesses, token))

    def next_round(self) -> "GuessGame":
        """Return the game at the next round; unchanged before a guess and in the last round."""
        if not self.is_answered or self.is_last_round:
            return self
        return replace(self, index=self.index + 1)

    def continue_from(self, earlier: "GuessGame") -> "GuessGame":
        """Return this game with the rounds played in `earlier`, if it asks for the same tokens."""
        asked = (self.names, self.prefixes, self.targets)
        if asked != (earlier.names, earlier.prefixes, earlier.targets):
            return self
        return replace(self, guesses=earlier.guesses, index=earlier.index)

    def view(self) -> GuessRound:
        """Return the current round as plain data for the picture."""
        name, prefix_ids = self.names[self.index], self.prefixes[self.index]
        view = GuessRound(
            number=self.index + 1,
            num_rounds=len(self.targets),
            name=name,
            prefix=self.source.pieces(prefix_ids[1:]),
            rest=self._rest(name, prefix_ids, self.targets[self.index]),
            target=self.targets[self.index],
            labels=self.source.labels,
            unit=self.source.unit,
            scores=self._scores(),
        )
        if not self.is_answered:
            return view
        sampled = self._next_token(self.index)
        return replace(
            view,
            guess=self.guesses[self.index],
            probs=sampled.probabilities,
            ranked_ids=sampled.ranked_ids,
        )

    def _rest(self, name: str, prefix_ids: tuple[int, ...], target: int) -> tuple[str, ...]:
        """Return the pieces of a name after its prefix and target.

        A target that is only a part of a character leaves that character to the rest.
        """
        following = self.source.pieces(self.source.encode_text(name)[len(prefix_ids) - 1 :])
        is_piece = bool(following) and following[0] == self.source.labels[target]
        return following[1:] if is_piece else following

    def _next_token(self, index: int) -> SampledToken:
        token_ids = self.prefixes[index]
        return next_token(self.source.next_token_logits(len(token_ids), token_ids))

    def _scores(self) -> tuple[int, int]:
        """Count the answered rounds that the guess, and the model's top token, got right."""
        user_score = model_score = 0
        for i, guess in enumerate(self.guesses):
            user_score += guess == self.targets[i]
            model_score += int(self._next_token(i).ranked_ids[0]) == self.targets[i]
        return user_score, model_score


def deal_game(source: TextLogits, corpus: Corpus, seed: int) -> GuessGame:
    """Make a game of three validation names, chosen at random by `seed`.

    Names that the model is known to have been trained on are left out.
    """
    check = source.memorization_check
    names = [
        name for name in corpus.split_distinct()[1] if check is None or check(name) != "trained on"
    ]
    for min_length, max_prefix in NAME_SIZES:
        candidates = []
        for name in names:
            token_ids = tuple(source.tokenizer.encode(name, bos=True, eos=True))
            length = _prefix_length(source, name, token_ids, max_prefix)
            if length and len(name) >= min_length:
                candidates.append((name, token_ids[: length + 1], token_ids[length + 1]))
        if candidates:
            break
    else:
        raise SettingError(
            "corpus",
            "one that holds out names which the model was not trained on",
            Described(f"{corpus.name!r}"),
        )
    drawn = np.random.default_rng(seed).permutation(len(candidates))[:NUM_ROUNDS]
    asked, prefixes, targets = zip(*(candidates[i] for i in drawn), strict=True)
    return GuessGame(source, asked, prefixes, targets, seed)


def _prefix_length(
    source: TextLogits, name: str, token_ids: tuple[int, ...], max_letters: int
) -> int:
    """Return how many tokens after BOS show at most `max_letters` letters; 0 if none do."""
    for length in range(min(len(token_ids) - 2, source.block_size - 1), 0, -1):
        prefix = source.tokenizer.decode(token_ids[1 : length + 1])
        if len(prefix) <= max_letters and name.startswith(prefix):
            return length
    return 0
