"""Adapters between a model's operations and the plain functions of the exercises.

`EXERCISE_ARGUMENTS` converts an operation's arguments to those of the exercise's function.
`causal_softmax` implements that operation with `ops.softmax`, so that attention calls a learner's
softmax.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt import ops

MASKED_SCORE = -1e30  # softmax turns it into 0


def _unignored_rows(logits: Any, targets: Any) -> tuple:
    """Return logits (N, V) and targets (N,) of the N positions whose target is not −1 (ignored)."""
    ids = np.asarray(targets).reshape(-1)
    rows = logits.reshape(-1, logits.shape[-1])
    kept = np.flatnonzero(ids >= 0)
    return (rows if len(kept) == len(ids) else ops.embedding(kept, rows)), ids[kept]


def _norm_arguments(x: Any, weight: Any, bias: Any = None, eps: float = 1e-5) -> tuple:
    """Return zeros in place of a bias that the model lacks."""
    return x, weight, np.zeros(weight.shape, weight.dtype) if bias is None else bias, eps


EXERCISE_ARGUMENTS: dict[str, Callable[..., tuple]] = {
    "cross_entropy": _unignored_rows,
    "embedding": lambda tokens, weight: (np.asarray(tokens), weight),
    "causal_attention": lambda q, k, v, *_, **__: (q, k, v),
    "layer_norm": _norm_arguments,
    "rms_norm": lambda x, eps=1e-5: (x, eps),
    "linear": lambda x, weight, bias=None: (x, weight) if bias is None else (x, weight, bias),
}


def causal_softmax(scores: Any, scale: float = 1.0) -> Any:
    """Compute `ops.causal_softmax` of scores (…, T, T) as a softmax of masked scores."""
    T = scores.shape[-1]
    mask = np.triu(np.full((T, T), MASKED_SCORE, scores.dtype), 1)
    return ops.softmax(scores * scale + mask)
