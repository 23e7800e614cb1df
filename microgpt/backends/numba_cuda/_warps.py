"""Sums and maxima over the threads of a warp and of a block; every thread gets the result.

The order of the additions is fixed by the threads' numbers, so results have the same bits always.
"""

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import device

ALL = 0xFFFFFFFF  # the mask of all 32 lanes


@device
def warp_sum(value):
    """The sum over the 32 lanes of a warp."""
    value += cuda.shfl_xor_sync(ALL, value, 16)
    value += cuda.shfl_xor_sync(ALL, value, 8)
    value += cuda.shfl_xor_sync(ALL, value, 4)
    value += cuda.shfl_xor_sync(ALL, value, 2)
    return value + cuda.shfl_xor_sync(ALL, value, 1)


@device
def warp_max(value):
    """The maximum over the 32 lanes of a warp."""
    value = max(value, cuda.shfl_xor_sync(ALL, value, 16))
    value = max(value, cuda.shfl_xor_sync(ALL, value, 8))
    value = max(value, cuda.shfl_xor_sync(ALL, value, 4))
    value = max(value, cuda.shfl_xor_sync(ALL, value, 2))
    return max(value, cuda.shfl_xor_sync(ALL, value, 1))
