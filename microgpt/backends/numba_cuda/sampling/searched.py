"""Sampling from a large vocabulary: a rank is found by search, and nothing is sorted.

All threads of a block agree on each number that a branch depends on, so they branch together.
"""

import math

import numpy as np

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import device, threads
from microgpt.backends.numba_cuda.sampling.rules import (
    MARGIN,
    MAX_WARPS,
    block_max,
    block_sum,
    float64,
    hits,
    keeps_min_p,
    mass_of,
    max_logit_of,
    near_edge,
    ranks_before,
    uniform,
)
from microgpt.backends.shared_rules import MASK, UNDECIDED

# A token's number times this, modulo 2**32, is as good as random, and no two tokens share it.
SCRAMBLE = 0x9E3779B1
UNSCRAMBLE = pow(SCRAMBLE, -1, 2**32)
NONE = -1  # in place of a token


@threads(registers=128)
def sample_searched(token, logits, params, seed, position):
    """A block has a text."""
    shares = cuda.shared.array(MAX_WARPS, np.float64)
    b = cuda.blockIdx.x
    max_logit = max_logit_of(logits, b, shares)
    drawn = UNDECIDED
    if -math.inf < max_logit < math.inf:
        if params[0] == 0:
            drawn, _, _ = find_rank(logits, b, max_logit, float64(1), 0, float64(math.inf), shares)
        else:
            drawn = drawn_token(logits, b, max_logit, params, uniform(seed[b], position[0]), shares)
    if cuda.threadIdx.x == 0:
        token[b] = drawn


@device
def drawn_token(logits, b, max_logit, params, u, shares):
    """The token that u draws after temperature, top-k, top-p and min-p, or UNDECIDED.

    Every filter keeps a prefix of the ranks, so all it changes is the mass that is kept.
    """
    temperature, top_k, top_p, min_p = params[0], int(params[1]), params[2], params[3]
    V, infinity = logits.shape[1], float64(math.inf)
    total, min_p_mass, num_near = float64(0), float64(0), float64(0)
    for v in range(cuda.threadIdx.x, V, cuda.blockDim.x):
        mass = mass_of(logits[b, v], max_logit, temperature)
        total += mass
        min_p_mass += mass if keeps_min_p(mass, float64(1), min_p) else float64(0)
        is_near = mass < 1 and abs(mass - min_p) < float64(MARGIN) * min_p
        num_near += float64(1) if is_near else float64(0)
    kept_mass = total = block_sum(total, shares)
    min_p_mass, num_near = block_sum(min_p_mass, shares), block_sum(num_near, shares)
    tolerance = float64(MARGIN) * total
    if 0 < top_k < V:
        _, kept_mass, _ = find_rank(logits, b, max_logit, temperature, top_k, infinity, shares)
    if top_p < 1:
        mass = top_p * kept_mass
        _, before, kept_mass = find_rank(logits, b, max_logit, temperature, V, mass, shares)
        if near_edge(mass, before, kept_mass, tolerance):
            return UNDECIDED
    if min_p > 0:
        if num_near > 0:
            return UNDECIDED
        kept_mass = min(kept_mass, min_p_mass)
    mass = u * kept_mass
    drawn, before, through = find_rank(logits, b, max_logit, temperature, V, mass, shares)
    return UNDECIDED if near_edge(mass, before, through, tolerance) else drawn


@device
def find_rank(logits, b, max_logit, temperature, count, mass, shares):
    """The first token in rank order before which `count` are, or that a draw of `mass` hits.

    With it, the mass before it and the mass through it. Top-p searches so too: `reaches` and `hits`
    differ on an edge only, which is undecided. As quickselect (Hoare 1961): a token between those
    that are too early and those that are late enough splits what is left in two.
    """
    early, late = NONE, NONE  # the token comes after the one, and is the other or comes before it
    rank, early_mass = float64(0), float64(0)  # of all tokens up to `early`
    before, through = float64(0), float64(0)
    while True:
        low, high = logits[b, max(early, 0)], logits[b, max(late, 0)]
        greatest = float64(NONE)
        for v in range(cuda.threadIdx.x, logits.shape[1], cuda.blockDim.x):
            if is_between(low, early, logits[b, v], v, high, late):
                greatest = max(greatest, float64(v * SCRAMBLE & MASK))
        greatest = block_max(greatest, shares)
        if greatest < 0:
            return late, before, through
        pivot = int(greatest) * UNSCRAMBLE & MASK
        middle = logits[b, pivot]
        num_split, split_mass = float64(0), float64(0)
        for v in range(cuda.threadIdx.x, logits.shape[1], cuda.blockDim.x):
            if is_between(low, early, logits[b, v], v, middle, pivot):
                num_split += float64(1)
                split_mass += mass_of(logits[b, v], max_logit, temperature)
        num_split, split_mass = block_sum(num_split, shares), block_sum(split_mass, shares)
        through_pivot = early_mass + split_mass + mass_of(middle, max_logit, temperature)
        if rank + num_split >= count or hits(through_pivot, mass):
            late, before, through = pivot, early_mass + split_mass, through_pivot
        else:
            early, rank, early_mass = pivot, rank + num_split + float64(1), through_pivot


@device
def is_between(low, early, logit, token, high, late):
    """Whether a token ranks after `early` and before `late`, where there are such."""
    is_late_enough = early == NONE or ranks_before(low, early, logit, token)
    return is_late_enough and (late == NONE or ranks_before(logit, token, high, late))
