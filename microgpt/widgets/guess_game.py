"""`GuessGame`: the state of the guessing game, made of validation names."""

from dataclasses import dataclass, replace

import numpy as np

from microgpt.data import Corpus
from microgpt.errors import Described, SettingError
from microgpt.sampling import SampledToken, next_token
from microgpt.viz.guess_game import GuessRound
from microgpt.widgets.logits_source import ModelLogits

PREFIX_LENGTH, NUM_ROUNDS = 4, 3  # letters shown of each name; rounds of a game


@dataclass(frozen=True)
class GuessGame:
    """A game: round i shows the tokens `prefixes[i]` of `names[i]`, which `targets[i]` follows.

    The prefixes begin with BOS. `guesses` holds a token id for each answered round; `index` is the
    current round.
    """

    source: ModelLogits
    names: tuple[str, ...]
    prefixes: tuple[tuple[int, ...], ...]
    targets: tuple[int, ...]
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

    def view(self) -> GuessRound:
        """Return the current round as plain data for the picture."""
        view = GuessRound(
            number=self.index + 1,
            num_rounds=len(self.targets),
            name=self.names[self.index],
            prefix="".join(self.source.pieces(self.prefixes[self.index][1:])),
            target=self.targets[self.index],
            labels=self.source.labels,
            unit=self.source.unit,
        )
        if not self.is_answered:
            return view
        sampled = self._next_token(self.index)
        return replace(
            view,
            guess=self.guesses[self.index],
            probs=sampled.probabilities,
            ranked_ids=sampled.ranked_ids,
            scores=self._scores() if len(self.guesses) == len(self.targets) else None,
        )

    def _next_token(self, index: int) -> SampledToken:
        token_ids = self.prefixes[index]
        return next_token(self.source.next_token_logits(len(token_ids), token_ids))

    def _scores(self) -> tuple[int, int]:
        """Count the rounds that the guess got right, and those that the model's top token did."""
        user_score = model_score = 0
        for i, target in enumerate(self.targets):
            user_score += self.guesses[i] == target
            model_score += int(self._next_token(i).ranked_ids[0]) == target
        return user_score, model_score


def deal_game(source: ModelLogits, corpus: Corpus, seed: int) -> GuessGame:
    """Make a game of three validation names, chosen at random by `seed`."""
    candidates = []
    for name in corpus.distinct().split()[1]:
        token_ids = tuple(source.tokenizer.encode(name, bos=True, eos=True))
        length = _prefix_length(source, name, token_ids)
        if length:
            candidates.append((name, token_ids[: length + 1], token_ids[length + 1]))
    if not candidates:
        raise SettingError(
            "corpus",
            f"one that holds out names of {PREFIX_LENGTH} letters or more",
            Described(f"{corpus.name!r}"),
        )
    drawn = np.random.default_rng(seed).permutation(len(candidates))[:NUM_ROUNDS]
    names, prefixes, targets = zip(*(candidates[i] for i in drawn), strict=True)
    return GuessGame(source, names, prefixes, targets)


def _prefix_length(source: ModelLogits, name: str, token_ids: tuple[int, ...]) -> int:
    """Return how many tokens after BOS show at most PREFIX_LENGTH letters; 0 if a name has none."""
    if len(name) < PREFIX_LENGTH:
        return 0
    for length in range(min(PREFIX_LENGTH, len(token_ids) - 2, source.block_size - 1), 0, -1):
        prefix = source.tokenizer.decode(token_ids[1 : length + 1])
        if len(prefix) <= PREFIX_LENGTH and name.startswith(prefix):
            return length
    return 0
