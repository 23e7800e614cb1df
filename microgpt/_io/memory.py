"""How much memory the machine has, and how much this process can still get."""

import contextlib
from pathlib import Path

import psutil


def total_memory() -> int:
    """The machine's memory in bytes."""
    return int(psutil.virtual_memory().total)


def free_memory() -> int:
    """The memory that programs can still get without swapping, in bytes."""
    return int(psutil.virtual_memory().available)


def available_memory() -> int:
    """The bytes that a process can still get: free memory and swap, as far as a container allows.

    psutil sees the whole machine, even inside a container.
    """
    free = free_memory() + int(psutil.swap_memory().free)
    limit = _container_limit()
    return free if limit is None else min(free, limit)


def _container_limit() -> int | None:
    """The memory limit of the cgroup in bytes; None without one."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/sys/fs/cgroup/memory.max").read_text("ascii"))
    return None
