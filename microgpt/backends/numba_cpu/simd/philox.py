"""`shared_rules.philox` on unsigned 64-bit numbers, for compiled loops, which would overflow."""

from typing import Any

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import HELPER

# Written out and put into the loop that calls it, ten rounds run in vectors: 0.5 ns for each of the
# four numbers; with a loop inside a loop they take seven times as long.
_INLINE: Any = HELPER | {"forceinline": True}


@numba.njit(**_INLINE)
def philox(c0, c1, c2, c3, k0, k1):
    """Four random 32-bit numbers from a counter of four and a key of two."""
    state = c0, c1, c2, c3, k0, k1
    state = _two_rounds(_two_rounds(_two_rounds(_two_rounds(_two_rounds(state)))))
    return state[0], state[1], state[2], state[3]


@numba.njit(**_INLINE)
def _two_rounds(state):
    return _round(_round(state))


@numba.njit(**_INLINE)
def _round(state):
    c0, c1, c2, c3, k0, k1 = state
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
    c0, c1, c2, c3 = (p1 >> half) ^ c1 ^ k0, p1 & mask, (p0 >> half) ^ c3 ^ k1, p0 & mask
    k0, k1 = (k0 + np.uint64(0x9E3779B9)) & mask, (k1 + np.uint64(0xBB67AE85)) & mask
    return c0, c1, c2, c3, k0, k1
