"""Scalar formulas that more than one back end uses, in plain Python; Numba compiles these too."""

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
