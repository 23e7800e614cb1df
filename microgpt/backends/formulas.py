"""Formulas and constants that more than one back end uses, in plain Python."""

import math

# gelu's tanh form (Hendrycks & Gimpel 2016): 0.5 x (1 + tanh(ROOT · (x + CUBE · x³))).
ROOT, CUBE = math.sqrt(2 / math.pi), 0.044715

MASK = 0xFFFFFFFF


def philox(counter, key):
    """Four random 32-bit numbers from a counter of four and a key of two.

    Philox4x32-10 of Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2,
    3": the same counter and key give the same numbers on every machine and in every order.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def uniform(seed, t, draw_index=0):
    """A number in [0, 1) from three numbers below 2**64: 53 bits of Philox, key `seed`."""
    key, counter = (seed & MASK, seed >> 32), (t & MASK, t >> 32, draw_index & MASK, draw_index >> 32)
    bits = philox(counter, key)
    return ((bits[0] << 21) | (bits[1] >> 11)) / 2**53
