"""Texts of different lengths as arrays, in their own lengths or all in one."""

import numpy as np


def padded(batch, length: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and targets as (B, T) of int32, T at least `length`: what is added has target −1."""
    tokens, targets = map(np.atleast_2d, batch)
    wider = ((0, 0), (0, max(0, length - tokens.shape[1])))
    targets = np.pad(targets, wider, constant_values=-1)
    return np.pad(tokens, wider).astype(np.int32), targets.astype(np.int32)
