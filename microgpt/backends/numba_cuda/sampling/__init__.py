"""Sampling the next token, a block a text: what `next_token` gives, or UNDECIDED.

Where another order of additions could decide, the choice is left to `next_token`, as on the CPU.
`ranked` compares every token with every other, which suits letters and a few hundred tokens;
`searched` finds a rank without ranking a large vocabulary. Chances are computed in float64.
"""

from microgpt.backends.numba_cuda._launch import BLOCK, WARP
from microgpt.backends.numba_cuda.sampling.ranked import MAX_RANKED, sample_ranked
from microgpt.backends.numba_cuda.sampling.searched import sample_searched


def sample_(token, logits, params, seed, position):
    """Sample token (B,) from logits (B, V); UNDECIDED where only `next_token` can tell.

    params (4,): temperature, top_k (0: off), top_p (1: off), min_p; seed (B,) holds 64 bits; row b
    is drawn by `uniform(seed[b], position[0])`. Logits that are not numbers are undecided too.
    """
    B, V = logits.shape
    if V > MAX_RANKED:
        sample_searched[B, BLOCK](token, logits, params, seed, position)
    else:
        block = WARP if V <= 4 * WARP else BLOCK
        sample_ranked[B, block](token, logits, params, seed, position)
