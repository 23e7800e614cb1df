"""Adapters between a model's operations and the plain functions of the exercises.

`EXERCISE_ARGUMENTS` converts an operation's arguments to those of an exercise. `DECOMPOSITIONS`
replaces the attention operations by public ones, so that a model that attends runs a learner's
softmax, too; other fused operations have decompositions in `ops/decompositions.py`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt import ops

MASKED_SCORE = -1e30  # its softmax is 0


def _unignored_rows(logits: Any, targets: Any) -> tuple:
    """(N, V) and (N,): the rows whose target is not −1 (ignored)."""
    ids = np.asarray(targets).reshape(-1)
    rows = logits.reshape(-1, logits.shape[-1])
    kept = np.flatnonzero(ids >= 0)
    return (rows if len(kept) == len(ids) else ops.embedding(rows, kept)), ids[kept]


EXERCISE_ARGUMENTS: dict[str, Callable[..., tuple]] = {
    "cross_entropy": _unignored_rows,
    "embedding": lambda weight, tokens: (np.asarray(tokens), weight),
    "causal_attention": lambda q, k, v, *_: (q, k, v),
    "linear": lambda x, weight, bias=None: (x, weight) if bias is None else (x, weight, bias),
}


def _no_hook(label: str, node: Any) -> Any:
    return node


def _causal_softmax(scores: Any, scale: float = 1.0) -> Any:
    T = scores.shape[-1]
    mask = np.triu(np.full((T, T), MASKED_SCORE, scores.dtype), 1)
    return ops.softmax(scores * scale + mask)


def _causal_attention(q: Any, k: Any, v: Any, hook: Callable = _no_hook) -> Any:
    scores = hook("scores", ops.matmul_transposed(q, k))
    return ops.matmul(hook("weights", ops.causal_softmax(scores, q.shape[-1] ** -0.5)), v)


def _decode_attention(q: Any, keys: Any, values: Any, position: Any, hook: Any = _no_hook) -> Any:
    length = int(position[0]) + 1
    keys, values = (q.from_array(cache[:, :, :length].copy()) for cache in (keys, values))
    scores = hook("scores", ops.matmul_transposed(q, keys))
    return ops.matmul(hook("weights", ops.softmax(scores * q.shape[-1] ** -0.5)), values)


DECOMPOSITIONS: dict[str, Callable[..., Any]] = {
    "causal_softmax": _causal_softmax,
    "causal_attention": _causal_attention,
    "decode_attention": _decode_attention,
}
