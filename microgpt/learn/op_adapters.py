"""Between a model's operations and the plain functions of the exercises.

`PLAIN` turns an operation's arguments into those of an exercise. `PARTS` takes fused operations
apart into public ones, so that a model that attends runs a learner's softmax too; those that
have a twin (`ops.twins`) run it by themselves.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt import ops

HIDDEN = -1e30  # a score that gets no share


def _rows_with_targets(logits: Any, targets: Any) -> tuple:
    """(N, V) and (N,): the rows whose target is not −1 (ignored)."""
    ids = np.asarray(targets).reshape(-1)
    rows = logits.reshape(-1, logits.shape[-1])
    kept = np.flatnonzero(ids >= 0)
    return (rows if len(kept) == len(ids) else ops.embedding(rows, kept)), ids[kept]


PLAIN: dict[str, Callable[..., tuple]] = {
    "cross_entropy": _rows_with_targets,
    "embedding": lambda weight, tokens: (np.asarray(tokens), weight),
    "causal_attention": lambda q, k, v, *_: (q, k, v),
    "linear": lambda x, weight, bias=None: (x, weight) if bias is None else (x, weight, bias),
}


def _same(label: str, node: Any) -> Any:
    return node


def _causal_softmax(scores: Any, scale: float = 1.0) -> Any:
    T = scores.shape[-1]
    return ops.softmax(scores * scale + np.triu(np.full((T, T), HIDDEN, scores.dtype), 1))


def _causal_attention(q: Any, k: Any, v: Any, name: Callable = _same) -> Any:
    scores = name("scores", ops.matmul_transposed(q, k))
    return ops.matmul(name("weights", ops.causal_softmax(scores, q.shape[-1] ** -0.5)), v)


def _decode_attention(q: Any, keys: Any, values: Any, position: Any, name: Any = _same) -> Any:
    seen = int(position[0]) + 1
    past, held = (q.detached(part[:, :, :seen].copy()) for part in (keys, values))
    scores = name("scores", ops.matmul_transposed(q, past))
    return ops.matmul(name("weights", ops.softmax(scores * q.shape[-1] ** -0.5)), held)


PARTS: dict[str, Callable[..., Any]] = {
    "causal_softmax": _causal_softmax,
    "causal_attention": _causal_attention,
    "decode_attention": _decode_attention,
}
