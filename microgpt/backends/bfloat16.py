"""bfloat16, the upper half of a float32, kept as uint16: NumPy has no such type.

A float32 has 1 bit of sign, 8 of exponent and 23 of fraction; bfloat16 keeps the first 7 of those,
so it has float32's range and a relative error of 2⁻⁸ at most (Wang & Kanwar 2019, "BFloat16: the
secret to high performance on Cloud TPUs").
"""

import numpy as np


def to_bfloat16(array: np.ndarray) -> np.ndarray:
    """Round float32 to bfloat16, ties to even, and return the bits as uint16; NaN stays NaN."""
    bits = array.view(np.uint32)
    upper = bits >> 16
    rounded = (bits + np.uint32(0x7FFF) + (upper & 1)) >> 16
    is_nan = (bits & 0x7FFFFFFF) > 0x7F800000
    return np.where(is_nan, upper | 0x40, rounded).astype(np.uint16)


def from_bfloat16(bits: np.ndarray) -> np.ndarray:
    """Return the float32 numbers that bfloat16's bits (uint16) stand for, exactly."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
