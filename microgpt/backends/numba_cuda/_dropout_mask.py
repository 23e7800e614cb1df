"""Dropout's masks, drawn wherever they are needed: the same bits as on the other back ends.

`rng_state` (2,) holds a seed and a counter. With the seed as key, Philox draws four numbers from
(column // 4, row, counter, layer_id), one for each of four columns; an element whose number is
below `threshold` is dropped. Counters are taken modulo 2**32.
"""

import numpy as np

from microgpt.backends.numba_cuda._launch import device
from microgpt.backends.numba_cuda._philox import high_bits, low_bits, philox

uint32 = np.uint32
ALL_KEPT = 0b1111


@device
def kept_bits(row, column, rng_state, layer_id, threshold):
    """A bit for each of four elements from `column` on, a multiple of four: whether it is kept.

    In bits, since a thread that indexes a tuple by a variable takes a branch for each place.
    """
    seed, count = rng_state[0], rng_state[1]
    a, b, c, d = philox(
        uint32(column // 4), uint32(row), low_bits(count), uint32(layer_id),
        low_bits(seed), high_bits(seed),
    )  # fmt: skip
    t = uint32(threshold)
    return (1 if a >= t else 0) | (2 if b >= t else 0) | (4 if c >= t else 0) | (8 if d >= t else 0)
