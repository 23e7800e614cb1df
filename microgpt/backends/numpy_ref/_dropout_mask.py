"""The masks of dropout, drawn wherever they are needed.

`turn` (2,) holds a seed and a count. With the seed as key, Philox gives four numbers for the
counter (column // 4, row, count, site), one for each of four neighbours in a row; an element whose
number is below `threshold` is dropped. Counts are taken modulo 2**32.
"""

import numpy as np

from microgpt.backends.formulas import MASK, philox


def factors(shape, dtype, turn, site, threshold, scale):
    """What rows (N, C) are multiplied by: `scale`, or 0 for those that are dropped."""
    N, C = shape
    seed, count = int(turn[0]) & (2**64 - 1), int(turn[1]) & MASK
    blocks, rows = np.arange((C + 3) // 4, dtype=np.uint64), np.arange(N, dtype=np.uint64)
    counter = blocks[None, :], rows[:, None], count, site
    words = np.stack(np.broadcast_arrays(*philox(counter, (seed & MASK, seed >> 32))), axis=2)
    kept = words.reshape(N, 4 * blocks.size)[:, :C] >= threshold
    return np.where(kept, dtype.type(scale), dtype.type(0))
