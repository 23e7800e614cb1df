"""Batches in a row, for tests that compare streams of them."""

import numpy as np

from microgpt.data import (
    Batches,
)

TENS = np.arange(10, 130, 10)


def drawn(batches: Batches, count: int) -> list:
    return [[part.tolist() for part in next(batches)] for _ in range(count)]
