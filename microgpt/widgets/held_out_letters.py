"""`HeldOutLetters`: every letter of the held-out names of a corpus, and what counting gives it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from microgpt.data import Corpus, pad
from microgpt.errors import Described, SettingError
from microgpt.models.ngram import NGram
from microgpt.ops.token_ids import IGNORED
from microgpt.sampling import uniform
from microgpt.tokenizers import CharTokenizer

MAX_LETTERS = 200  # keys that a page can hold


@dataclass(frozen=True)
class HeldOutLetter:
    """One letter to guess: the `target` after the letters `prefix` of `name`.

    `target` and `before`, the letter before it or BOS, are token ids.
    """

    name: str
    prefix: str
    before: int
    target: int


class HeldOutLetters:
    """The letters of held-out names, the end of each name included, and counted models.

    Letters and pairs are counted on the training part of the corpus without repeats, as on the
    scoreboard. N held-out letters have positions from 0; `owners` (N,) are the indices of their
    names.
    """

    def __init__(self, corpus: Corpus):
        train, held_out = corpus.split_distinct()
        self.tokenizer = CharTokenizer.from_documents(corpus)
        vocab_size = self.tokenizer.vocab_size
        if vocab_size > MAX_LETTERS:
            raise SettingError(
                "corpus",
                f"one with at most {MAX_LETTERS} different letters, or the keys do not fit a page",
                Described(f"{vocab_size:,} letters"),
            )
        self.names = tuple(held_out)
        self.labels = [self.tokenizer.token_text(token) for token in range(vocab_size)]
        before, targets = self._steps(train)
        self.counted_letters, self.counted_pairs = (
            NGram(vocab_size, n).count(before, targets) for n in (1, 2)
        )
        lengths = [len(name) + 1 for name in self.names]
        self.owners = np.repeat(np.arange(len(lengths)), lengths)
        self.offsets = np.concatenate([np.arange(length) for length in lengths])
        self.before, self.targets = self._steps(self.names)

    def _steps(self, names: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return each letter of the names as a token id (N,), after the letter before it (N,).

        One row for all names is enough: no model here looks further back than one letter.
        """
        rows = [self.tokenizer.encode(name, bos=True, eos=True) for name in names]
        tokens, targets = pad(rows, 0)
        has_target = targets != IGNORED
        return tokens[has_target], targets[has_target]

    @property
    def vocab_size(self) -> int:
        """The number of letters, the end included."""
        return self.tokenizer.vocab_size

    def letter(self, position: int) -> HeldOutLetter:
        """Return the held-out letter at a position, 0 ≤ position < N."""
        name = self.names[self.owners[position]]
        return HeldOutLetter(
            name,
            name[: self.offsets[position]],
            int(self.before[position]),
            int(self.targets[position]),
        )

    def pairs_after(self, before: int) -> np.ndarray:
        """Return the probabilities (V,) of the pairs model after a letter."""
        return np.exp(self.counted_pairs.log_probs(np.array([before])))[0]

    def baseline_nats(self, positions: np.ndarray) -> np.ndarray:
        """Return the negative log-likelihood (N, 3) of letters: blind, letters, pairs."""
        before, targets = self.before[positions, None], self.targets[positions, None]
        blind = np.full(len(positions), np.log(self.vocab_size))
        counted = [
            model.losses(before, targets)[:, 0]
            for model in (self.counted_letters, self.counted_pairs)
        ]
        return np.stack([blind, *counted], axis=1)

    def draw(self, seed: int, count: int) -> tuple[int, ...]:
        """Return `count` positions, drawn by `uniform(seed, round)`, each from another name.

        A name is asked only once, because all of it is shown afterwards.
        """
        is_open = np.ones(len(self.names), bool)
        positions = []
        for number in range(1, count + 1):
            left = np.flatnonzero(is_open[self.owners])
            position = int(left[int(uniform(seed, number) * len(left))])
            is_open[self.owners[position]] = False
            positions.append(position)
        return tuple(positions)
