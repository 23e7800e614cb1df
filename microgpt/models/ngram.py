"""`NGram`: predicts the next token from the n − 1 tokens before it, by counting (Shannon 1948)."""

import math
from typing import Any, Self

import numpy as np

from microgpt.config.checks import check_integer, check_number
from microgpt.errors import SettingError, SizeError
from microgpt.models.context_model import ContextModel, context_windows
from microgpt.ops.token_ids import as_token_ids

MAX_COUNTS = 2**25  # numbers in the table; 256 MiB
DEFAULT_SMOOTHING = 0.3  # 1 (Laplace 1814) makes triples of letters look worse than they are


class NGram(ContextModel):
    """Counts of n tokens in a row; every count starts at `smoothing` (Lidstone 1920).

    `counts` (V, …, V) has n axes: the tokens before, oldest first, and last the token after them.
    n = 1 counts single tokens, 2 pairs (a bigram model), 3 triples. Raises SizeError for a table
    that is too large.
    """

    def __init__(self, vocab_size: int, n: int = 2, smoothing: float = DEFAULT_SMOOTHING):
        check_integer("vocab_size", vocab_size, minimum=1)
        check_integer("n", n, minimum=1)
        if not 0 < check_number("smoothing", smoothing) < math.inf:
            raise SettingError(
                "smoothing",
                "above 0 and finite, or what was never counted has no probability",
                smoothing,
            )
        if n * math.log(vocab_size) > math.log(MAX_COUNTS):
            raise SizeError(
                "n",
                f"so small that {vocab_size}ⁿ counts are at most {MAX_COUNTS:,}",
                n,
                "count shorter rows of tokens",
            )
        self.vocab_size, self.n, self.context = vocab_size, n, n - 1
        self.smoothing = float(smoothing)
        self.counts = np.full((vocab_size,) * n, self.smoothing)

    def __repr__(self) -> str:
        return f"NGram(n={self.n}, vocabulary {self.vocab_size}, smoothing {self.smoothing:g})"

    def count(self, tokens: Any, targets: Any) -> Self:
        """Count targets after the tokens before them, arrays of one shape (…, T); −1 is ignored."""
        ids, target_ids = self.check_tokens(tokens), as_token_ids(targets)
        has_target = self.check_targets(ids, target_ids)
        after = target_ids[has_target]
        before = context_windows(ids, self.context)[has_target]
        np.add.at(self.counts, (*before.T, after), 1.0)
        return self

    @property
    def probabilities(self) -> np.ndarray:
        """The probability of each token (last axis) after the tokens before; it sums to 1."""
        return self.counts / self.counts.sum(axis=-1, keepdims=True)

    def log_probs(self, tokens: Any) -> np.ndarray:
        """Return the logarithm of the probability of each next token: (…, T) -> (…, T, V)."""
        ids = self.check_tokens(tokens)
        before = context_windows(ids, self.context)
        counts = self.counts[tuple(np.moveaxis(before, -1, 0))]
        if not self.context:
            counts = np.broadcast_to(counts, (*ids.shape, self.vocab_size))
        return np.log(counts / counts.sum(axis=-1, keepdims=True))
