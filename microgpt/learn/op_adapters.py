"""Adapters between the library and the plain functions of the exercises.

`EXERCISE_ARGUMENTS` converts an operation's arguments to those of the exercise's function.
`causal_softmax` implements that operation with `ops.softmax`, so that attention calls a learner's
softmax. `adamw_step` is the optimiser's kernel with the exercise's arguments.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt import backends, ops
from microgpt.ops.softmax import MASKED_SCORE


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


def adamw_step(
    p: Any, g: Any, m: Any, v: Any, t: int,
    lr: float, beta1: float, beta2: float, eps: float, weight_decay: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Return p, m and v after one step of the library's AdamW, in float64."""
    shape = np.shape(p)
    p, g, m, v = (np.array(array, np.float64).reshape(-1) for array in (p, g, m, v))
    decayed = len(p) if len(shape) == 2 else 0
    settings = (beta1, beta2, eps, weight_decay, decayed)
    backends.get("numpy").launch(
        "adamw_step_", p, g, m, v, np.array([float(lr)]), np.array([float(t)]), *settings
    )
    return p.reshape(shape), m.reshape(shape), v.reshape(shape)
