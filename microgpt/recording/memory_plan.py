"""`plan_memory`: offsets of temporary arrays in shared memory; `Arena`: that memory.

An array is alive from the first launch that uses it to the last. Arrays that are never alive at the
same time may have the same offset.
"""

import ctypes
import sys
from typing import Any

import numpy as np

from microgpt.backends import Backend
from microgpt.backends.memory import CACHE_LINE

TRIM_BYTES = 2**26
MIN_BYTES = 2**20  # small models never need to grow


def plan_memory(
    lifetimes: list[tuple[int, int, int]], alignment: int = CACHE_LINE
) -> tuple[list[int], int]:
    """Assign memory to arrays by first fit; return their offsets and the total size, in bytes.

    `lifetimes` holds (first launch, last launch, nbytes) of each array, in order of the first. Each
    array is placed in the first gap between the arrays still alive, at a multiple of `alignment`.
    """
    offsets, total = [], 0
    alive: list[tuple[int, int, int]] = []  # (start, end, last launch), in order of start
    for first, last, nbytes in lifetimes:
        alive = [block for block in alive if block[2] >= first]
        size, start, before = -(-nbytes // alignment) * alignment, 0, 0
        for block in alive:
            if block[0] - start >= size:
                break
            start, before = block[1], before + 1
        alive.insert(before, (start, start + size, last))
        offsets.append(start)
        total = max(total, start + size)
    return offsets, total


class Arena:
    """Memory that grows to the needs of the largest recording."""

    def __init__(self) -> None:
        self.memory: Any = np.empty(0, np.uint8)

    @property
    def nbytes(self) -> int:
        return self.memory.nbytes

    def grow(self, nbytes: int, backend: Backend) -> None:
        """Replace the memory by at least `nbytes` of a back end, and at least twice the old size.

        Memory that is never written costs nothing: the operating system provides it on first use.
        """
        nbytes = max(nbytes, 2 * self.nbytes, MIN_BYTES)
        self.memory = np.empty(0, np.uint8)  # free the old memory before allocating the new
        if nbytes >= TRIM_BYTES:
            _trim()
        self.memory = backend.arena(nbytes)


def _trim() -> None:
    """Return freed memory to the operating system; the GNU C library keeps it otherwise.

    At GPT-2's size the recorded calls have freed 150 MB, which the arena would otherwise add to.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
