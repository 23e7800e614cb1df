"""Memory maps that keep no more pages resident the longer they are read."""

import mmap

import numpy as np


def backing_mmap(array: np.ndarray) -> mmap.mmap | None:
    """The read-only memory map behind an array; None for all other arrays.

    The pages of a copy-on-write map must not be released: its changes would be lost.
    """
    read_only = False
    while isinstance(array, np.ndarray):
        read_only |= isinstance(array, np.memmap) and array.mode == "r"
        array = array.base  # type: ignore[assignment]
    return array if read_only and isinstance(array, mmap.mmap) else None


def release_pages(pages: mmap.mmap | None) -> None:
    """Drop the resident pages of a map, so that they no longer count as this process's memory.

    The system still has them in its cache; one access can otherwise bring in as much as 2 MiB.
    """
    if pages is not None and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)
