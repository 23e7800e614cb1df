"""Random numbers from a counter: `philox` of `shared_rules.py` in the integers of a GPU."""

import numpy as np

from microgpt.backends.numba_cuda._launch import device

uint32, uint64 = np.uint32, np.uint64


@device
def philox(c0, c1, c2, c3, k0, k1):
    """Four random 32-bit numbers from a counter of four and a key of two, all of them uint32."""
    for _ in range(10):
        p0, p1 = uint64(0xD2511F53) * uint64(c0), uint64(0xCD9E8D57) * uint64(c2)
        c0, c2 = uint32(p1 >> uint64(32)) ^ c1 ^ k0, uint32(p0 >> uint64(32)) ^ c3 ^ k1
        c1, c3 = low_bits(p1), low_bits(p0)
        k0, k1 = (
            low_bits(uint64(k0) + uint64(0x9E3779B9)),
            low_bits(uint64(k1) + uint64(0xBB67AE85)),
        )
    return c0, c1, c2, c3


@device
def low_bits(number):
    """The lower 32 bits of a 64-bit number."""
    return uint32(uint64(number) & uint64(0xFFFFFFFF))


@device
def high_bits(number):
    """The upper 32 bits of a 64-bit number."""
    return uint32(uint64(number) >> uint64(32))
