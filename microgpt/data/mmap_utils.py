"""Memory maps that take no more memory the longer they are read."""

import mmap

import numpy as np


def pages_of(array: np.ndarray) -> mmap.mmap | None:
    """The map behind an array that only reads a file; None for all others.

    Nothing may be let go of a map that keeps changes to itself: they would be lost.
    """
    only_reads = False
    while isinstance(array, np.ndarray):
        only_reads |= isinstance(array, np.memmap) and array.mode == "r"
        array = array.base  # type: ignore[assignment]
    return array if only_reads and isinstance(array, mmap.mmap) else None


def let_go(pages: mmap.mmap | None) -> None:
    """Count what was read of a map as this process's memory no longer.

    The system still has it in its cache; one touch can otherwise bring in as much as 2 MiB.
    """
    if pages is not None and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)
