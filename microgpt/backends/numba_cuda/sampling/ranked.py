"""Sampling from at most 1,024 tokens: each token's rank is how many come before it."""

import math

import numpy as np

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import device, threads
from microgpt.backends.numba_cuda.sampling.rules import (
    MARGIN,
    MAX_WARPS,
    float64,
    hits,
    keeps_min_p,
    mass_of,
    max_logit_of,
    near_edge,
    ranks_before,
    reaches,
    uniform,
)
from microgpt.backends.shared_rules import UNDECIDED

MAX_RANKED = 1024  # tokens, whose masses and ids stand in shared memory


@threads
def sample_ranked(token, logits, params, seed, position):
    """The threads of a block share the tokens of a text; its first thread then walks the ranks."""
    masses = cuda.shared.array(MAX_RANKED, np.float64)
    ranked_ids = cuda.shared.array(MAX_RANKED, np.int32)
    shares = cuda.shared.array(MAX_WARPS, np.float64)
    b, V, temperature = cuda.blockIdx.x, logits.shape[1], params[0]
    max_logit = max_logit_of(logits, b, shares)
    are_numbers = -math.inf < max_logit < math.inf
    for v in range(cuda.threadIdx.x, V, cuda.blockDim.x):
        logit, rank = logits[b, v], 0
        for other in range(V):  # all threads read the same one at once
            rank += 1 if ranks_before(logits[b, other], other, logit, v) else 0
        if are_numbers:
            masses[rank] = mass_of(logit, max_logit, temperature) if temperature > 0 else float64(1)
            ranked_ids[rank] = v
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        rank = UNDECIDED
        if are_numbers:
            u = uniform(seed[b], position[0])
            rank = 0 if temperature == 0 else drawn_rank(masses, V, params, u)
        token[b] = ranked_ids[rank] if rank >= 0 else UNDECIDED


@device
def drawn_rank(masses, V, params, u):
    """The rank that u draws after top-k, top-p and min-p, or UNDECIDED.

    No mass is divided by their sum: u and top_p are multiplied by the mass that is kept.
    """
    top_k, top_p, min_p = int(params[1]), params[2], params[3]
    tolerance = float64(MARGIN) * prefix_mass(masses, V)
    num_kept = top_k if 0 < top_k < V else V
    if top_p < 1:
        mass, before, through = top_p * prefix_mass(masses, num_kept), float64(0), masses[0]
        rank = 0
        while rank + 1 < num_kept and not reaches(through, mass):
            rank += 1
            before, through = through, through + masses[rank]
        if near_edge(mass, before, through, tolerance):
            return UNDECIDED
        num_kept = rank + 1
    if min_p > 0:
        rank = 0
        while rank < num_kept and keeps_min_p(masses[rank], masses[0], min_p):
            rank += 1
        for neighbour in range(max(rank - 1, 1), min(rank + 1, num_kept)):
            if abs(masses[neighbour] - min_p) < float64(MARGIN) * min_p:
                return UNDECIDED
        num_kept = rank
    mass, before, through = u * prefix_mass(masses, num_kept), float64(0), masses[0]
    rank = 0
    while rank + 1 < num_kept and not hits(through, mass):
        rank += 1
        before, through = through, through + masses[rank]
    return UNDECIDED if near_edge(mass, before, through, tolerance) else rank


@device
def prefix_mass(masses, count):
    """The sum of the first masses, in the order of their ranks."""
    total = float64(0)
    for rank in range(count):
        total += masses[rank]
    return total
