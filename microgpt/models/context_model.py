"""`ContextModel`: the base of models that read the last few tokens and nothing before them."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from microgpt import backends
from microgpt.errors import Described, SettingError, ShapeError, TokenError
from microgpt.ops.token_ids import IGNORED, as_token_ids


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
        self.check_targets(ids, target_ids)
        return target_losses(self.log_probs(ids), target_ids)

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
    """Return the logarithm of the softmax over the last axis, in float64.

    It launches the kernel itself: what a model is measured by stays, whatever `learn.using` puts in
    the place of an operation.
    """
    rows = np.ascontiguousarray(logits, np.float64).reshape(-1, logits.shape[-1])
    log_probs = np.empty_like(rows)
    backends.get("numpy").launch("log_softmax_forward", log_probs, rows)
    return log_probs.reshape(logits.shape)


def target_losses(log_probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return −log_probs[target], (…, T, V) and (…, T) -> (…, T); 0 where a target is −1."""
    has_target = targets != IGNORED
    chosen = np.where(has_target, targets, 0)[..., None]
    return np.where(has_target, -np.take_along_axis(log_probs, chosen, axis=-1)[..., 0], 0.0)


def check_logits(logits: np.ndarray) -> None:
    """Raise SettingError for logits without a softmax; −inf is the logit of what never comes."""
    bad = ~(logits < np.inf)
    if bad.any():
        got = Described(f"{bad.sum()} of {bad.size} NaN or inf")
        raise SettingError("model", "one whose logits are finite numbers or -inf", got)
