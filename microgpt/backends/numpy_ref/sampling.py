"""Sampling the next token: what `next_token` and `uniform` give, in one kernel."""

import numpy as np

from microgpt.backends.numpy_ref.softmax import softmax_forward
from microgpt.backends.shared_rules import (
    UNDECIDED,
    draw_rank,
    filter_ranked,
    nats_below_max,
    rank_tokens,
    uniform,
)


def sample_(token, logits, params, seed, position):
    """Sample token (B,) from logits (B, V); UNDECIDED where they are not numbers.

    params (4,): temperature, top_k (0: off), top_p (1: off), min_p; seed (B,) holds 64 bits; row b
    is drawn by `uniform(seed[b], position[0])`.
    """
    for b, row in enumerate(logits.astype(np.float64)):
        bits = int(seed[b]) & (2**64 - 1)  # those of a negative number too
        token[b] = _sample_row(row, *params, uniform(bits, int(position[0])))


def _sample_row(logits, temperature, top_k, top_p, min_p, u):
    max_logit = logits.max()
    if not -np.inf < max_logit < np.inf:  # NaN is not either
        return UNDECIDED
    ranked_ids, probs = rank_tokens(logits), np.empty((1, logits.size))
    if temperature == 0:
        return ranked_ids[0]
    with np.errstate(over="ignore"):  # at a temperature near 0 they go to -inf, as they must
        softmax_forward(probs, -nats_below_max(logits, max_logit, temperature)[None])
    ranked, _, _ = filter_ranked(probs[0, ranked_ids], int(top_k), top_p, min_p)
    rank, _ = draw_rank(ranked, u)
    return ranked_ids[rank]
