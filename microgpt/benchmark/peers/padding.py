"""Convert texts of different lengths to arrays, padded to one length or unpadded."""

import numpy as np


def pad_batch(batch, length: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return tokens and targets as int32 (B, T), padded to T ≥ `length` with targets −1."""
    tokens, targets = map(np.atleast_2d, batch)
    pad_width = ((0, 0), (0, max(0, length - tokens.shape[1])))
    targets = np.pad(targets, pad_width, constant_values=-1)
    return np.pad(tokens, pad_width).astype(np.int32), targets.astype(np.int32)
