"""The rules of `shared_rules.py` for threads, and what the threads of a block find together."""

import math

import numpy as np

from microgpt.backends import shared_rules
from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import device
from microgpt.backends.numba_cuda._philox import high_bits, low_bits, philox
from microgpt.backends.numba_cuda._warps import warp_max, warp_sum

float64, uint32, uint64 = np.float64, np.uint32, np.uint64

# Sums in another order round differently: a draw or a filter this close to the end of a token's
# interval, as a share of the total, is left to `next_token`.
MARGIN = 1e-11
MAX_WARPS = 32  # of a block: each has an element of `shares`, an array in shared memory

ranks_before = device(shared_rules.ranks_before)
nats_below_max = device(shared_rules.nats_below_max)
reaches = device(shared_rules.reaches)
keeps_min_p = device(shared_rules.keeps_min_p)
hits = device(shared_rules.hits)
near_edge = device(shared_rules.near_edge)


@device
def uniform(seed, t):
    """`microgpt.uniform(seed, t)`, to the bit."""
    a, b, _, _ = philox(
        low_bits(t), high_bits(t), uint32(0), uint32(0), low_bits(seed), high_bits(seed)
    )
    bits = (uint64(a) << uint64(21)) | (uint64(b) >> uint64(11))
    return float64(bits) / float64(1 << 53)


@device
def mass_of(logit, max_logit, temperature):
    """A token's probability, up to a factor that all of them share; the most likely one's is 1."""
    return math.exp(-nats_below_max(float64(logit), max_logit, temperature))


@device
def max_logit_of(logits, b, shares):
    """The greatest logit of a row; +∞ where one is +∞ or NaN. Every thread of a block gets it."""
    greatest = float64(-math.inf)
    for v in range(cuda.threadIdx.x, logits.shape[1], cuda.blockDim.x):
        logit = float64(logits[b, v])
        greatest = max(greatest, logit) if logit < math.inf else float64(math.inf)
    return block_max(greatest, shares)


@device
def block_max(value, shares):
    """The maximum over all threads of a block."""
    value = warp_max(value)
    if cuda.threadIdx.x % 32 == 0:
        shares[cuda.threadIdx.x // 32] = value
    cuda.syncthreads()
    value = shares[0]
    for warp in range(1, cuda.blockDim.x // 32):
        value = max(value, shares[warp])
    cuda.syncthreads()  # the next one may write
    return value


@device
def block_sum(value, shares):
    """The sum over all threads of a block, its warps in order."""
    value = warp_sum(value)
    if cuda.threadIdx.x % 32 == 0:
        shares[cuda.threadIdx.x // 32] = value
    cuda.syncthreads()
    value = shares[0]
    for warp in range(1, cuda.blockDim.x // 32):
        value += shares[warp]
    cuda.syncthreads()  # the next one may write
    return value
