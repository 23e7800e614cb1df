"""`Bigram`: predicts the next token from the previous one alone, by counting pairs."""

from typing import Any

import numpy as np

from microgpt.errors import SettingError, ShapeError, TokenError
from microgpt.ops.token_ids import as_token_ids


class Bigram:
    """Counts of token pairs; every count starts at `smoothing` (Laplace 1814).

    `counts` (V, V): the row is the token before, the column the token after.
    """

    def __init__(self, vocab_size: int, smoothing: float = 1.0):
        if not 0 < smoothing < float("inf"):
            raise SettingError(
                "smoothing", "above 0 and finite, or an unseen pair has no probability", smoothing
            )
        self.counts = np.full((vocab_size, vocab_size), float(smoothing))

    def count(self, tokens: Any, targets: Any) -> "Bigram":
        """Count pairs of tokens and targets, arrays of one shape; a target of −1 is ignored."""
        before, after = self._pairs(tokens, targets)
        np.add.at(self.counts, (before, after), 1.0)
        return self

    @property
    def probabilities(self) -> np.ndarray:
        """The probability of each token (column) after each token (row), (V, V); rows sum to 1."""
        return self.counts / self.counts.sum(axis=1, keepdims=True)

    def losses(self, tokens: Any, targets: Any) -> np.ndarray:
        """Return the negative log-likelihood of each target, in nats; 0 where it is ignored."""
        before, after = self._pairs(tokens, targets)
        losses = np.zeros(np.shape(targets))
        losses[as_token_ids(targets) >= 0] = -np.log(self.probabilities[before, after])
        return losses

    def _pairs(self, tokens: Any, targets: Any) -> tuple[np.ndarray, np.ndarray]:
        before, after = as_token_ids(tokens), as_token_ids(targets)
        if before.shape != after.shape:
            raise ShapeError(
                f"tokens and targets must have one shape; got {before.shape} and {after.shape}"
            )
        has_target, V = after >= 0, len(self.counts)
        pairs = before[has_target], after[has_target]
        if any(ids.size and not 0 <= ids.min() <= ids.max() < V for ids in pairs):
            raise TokenError(f"token ids must be from 0 to {V - 1}")
        return pairs
