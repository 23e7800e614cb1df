"""Release pages of memory maps, so that reading on does not keep more and more of them resident."""

import mmap

import numpy as np


def backing_mmap(array: np.ndarray) -> mmap.mmap | None:
    """Return the read-only memory map behind an array, or None for any other array.

    The pages of a copy-on-write map must not be released: its changes would be lost.
    """
    read_only = False
    while isinstance(array, np.ndarray):
        read_only |= isinstance(array, np.memmap) and array.mode == "r"
        array = array.base  # type: ignore[assignment]
    return array if read_only and isinstance(array, mmap.mmap) else None


def release_pages(pages: mmap.mmap | None) -> None:
    """Drop the resident pages of a map, so that they no longer count as this process's memory.

    They stay in the system's page cache. Without this, one access can make up to 2 MiB resident.
    """
    if pages is not None and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)
