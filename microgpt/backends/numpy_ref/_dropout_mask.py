"""Dropout's masks, drawn wherever they are needed.

`rng_state` (2,) holds a seed and a counter. With the seed as key, Philox draws four numbers from
(column // 4, row, counter, layer_id), one for each of four columns; an element whose number is
below `threshold` is dropped. Counters are taken modulo 2**32.
"""

import numpy as np

from microgpt.backends.shared_rules import MASK, philox


def dropout_mask(shape, dtype, rng_state, layer_id, threshold, scale):
    """What rows (N, C) are multiplied by: `scale` = 1 / (1 − p), or 0 for what is dropped."""
    N, C = shape
    seed, count = int(rng_state[0]) & (2**64 - 1), int(rng_state[1]) & MASK
    blocks, rows = np.arange((C + 3) // 4, dtype=np.uint64), np.arange(N, dtype=np.uint64)
    counter = blocks[None, :], rows[:, None], count, layer_id
    words = np.stack(np.broadcast_arrays(*philox(counter, (seed & MASK, seed >> 32))), axis=2)
    kept = words.reshape(N, 4 * blocks.size)[:, :C] >= threshold
    return np.where(kept, dtype.type(scale), dtype.type(0))
