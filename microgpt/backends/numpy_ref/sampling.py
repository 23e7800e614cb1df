"""The choice of a next token: what `next_token` chooses and `uniform` throws, in one kernel."""

import numpy as np

from microgpt.backends.formulas import uniform

UNDECIDED = -1


def sample_(token, logits, dials, seed, position):
    """Choose token (B,) by logits (B, V), or −1 where they are no numbers.

    dials (4,): temperature, top_k (0: off), top_p (1: off), min_p; seed (B,) holds 64 bits; the
    dart of row b is `uniform(seed[b], position[0])`.
    """
    for b, row in enumerate(logits.astype(np.float64)):
        bits = int(seed[b]) & (2**64 - 1)  # those of a negative number too
        token[b] = _chosen(row, *dials, uniform(bits, int(position[0])))


def _chosen(logits, temperature, top_k, top_p, min_p, u):
    """The first rank whose chances, added up from the top, exceed u."""
    greatest = logits.max()
    if not -np.inf < greatest < np.inf:  # NaN is not either
        return UNDECIDED
    if temperature == 0:
        return logits.argmax()
    order = np.argsort(-logits, kind="stable")
    with np.errstate(over="ignore"):  # at a temperature near 0 they go to -inf, as they must
        chances = np.exp((logits - greatest) / temperature)
    chances, kept = (chances / chances.sum())[order], logits.size
    if top_k > 0:
        chances, kept = _cut(chances, kept, int(top_k))
    if top_p < 1:
        reached = np.searchsorted(np.cumsum(chances[:kept]), top_p, side="left") + 1
        chances, kept = _cut(chances, kept, reached)
    chances, kept = _cut(chances, kept, (chances[:kept] >= min_p * chances[0]).sum())
    rank = np.searchsorted(np.cumsum(chances), u, side="right")
    last = np.flatnonzero(chances)[-1]  # rounding may leave the sum just below 1
    return order[min(rank, last)]


def _cut(chances, kept, count):
    """The chances with only the first `count` left, adding up to 1; and how many are left."""
    if count >= kept:
        return chances, kept
    chances = np.where(np.arange(chances.size) < count, chances, 0.0)
    return chances / chances.sum(), count
