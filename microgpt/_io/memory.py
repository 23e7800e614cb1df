"""The machine's memory, and the memory that this process can still get."""

import contextlib
from pathlib import Path


def total_memory() -> int:
    """Return the machine's memory in bytes."""
    import psutil

    return int(psutil.virtual_memory().total)


def free_memory() -> int:
    """Return the machine's memory that is available without swapping, in bytes."""
    import psutil

    return int(psutil.virtual_memory().available)


def available_memory() -> int:
    """Return the bytes this process can still get: free memory and swap, up to its cgroup's limit.

    psutil sees the whole machine, even inside a container.
    """
    import psutil

    free = free_memory() + int(psutil.swap_memory().free)
    limit = _container_limit()
    return free if limit is None else min(free, limit)


def _container_limit() -> int | None:
    """Return the cgroup's memory limit in bytes, or None if there is none."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/sys/fs/cgroup/memory.max").read_text("ascii"))
    return None
