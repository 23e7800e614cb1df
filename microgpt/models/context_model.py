"""`ContextModel`: the base of models that read the last few tokens and nothing before them."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from microgpt.errors import Described, SettingError, ShapeError, TokenError
from microgpt.ops.token_ids import as_token_ids

IGNORED = -1  # a target that does not count


class ContextModel(ABC):
    """A model of `vocab_size` tokens that predicts the next one from the last `context` tokens.

    Before the start of a row there is nothing: its first token, for documents the BOS token,
    stands there too.
    """

    vocab_size: int
    context: int

    @abstractmethod
    def log_probs(self, tokens: Any) -> np.ndarray:
        """Return the logarithm of the probability of each next token: (…, T) -> (…, T, V)."""

    def losses(self, tokens: Any, targets: Any) -> np.ndarray:
        """Return the negative log-likelihood of each target, in nats; 0 where it is −1, ignored.

        tokens and targets have one shape (…, T); a row has one text.
        """
        ids, target_ids = self.check_tokens(tokens), as_token_ids(targets)
        has_target = self.check_targets(ids, target_ids)
        losses = np.zeros(ids.shape)
        rows = self.log_probs(ids)[has_target]
        losses[has_target] = -rows[np.arange(len(rows)), target_ids[has_target]]
        return losses

    def check_targets(self, tokens: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return where targets are not −1, ignored; raise unless the others are token ids."""
        if tokens.shape != targets.shape or not tokens.ndim:
            raise ShapeError(
                f"tokens and targets must have one shape (…, T); got {tokens.shape} and "
                f"{targets.shape}"
            )
        has_target = targets != IGNORED
        self.check_tokens(targets[has_target])
        return has_target

    def check_tokens(self, tokens: Any) -> np.ndarray:
        """Return token ids as an array; raise TokenError for one that is not in the vocabulary."""
        ids = as_token_ids(tokens)
        if ids.size and not 0 <= ids.min() <= ids.max() < self.vocab_size:
            raise TokenError(f"token ids must be from 0 to {self.vocab_size - 1}")
        return ids


def context_windows(tokens: np.ndarray, context: int) -> np.ndarray:
    """Return the last `context` tokens at each position, oldest first: (…, T) -> (…, T, context).

    Before the start of a row stands its first token.
    """
    positions = np.arange(tokens.shape[-1])[:, None] + np.arange(1 - context, 1)
    return tokens[..., np.maximum(positions, 0)]


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return the logarithm of the softmax over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def check_logits(logits: np.ndarray) -> None:
    """Raise SettingError for logits without a softmax; −inf is the logit of what never comes."""
    bad = ~(logits < np.inf)
    if bad.any():
        got = Described(f"{bad.sum()} of {bad.size} NaN or inf")
        raise SettingError("model", "one whose logits are finite numbers or -inf", got)
