"""The package's lock, and what a forked child may do with locks."""

import os
import threading
from typing import Any

# Held for one launch, for a whole recording and for a whole replay: parallel kernels must not be
# entered by two Python threads at once (Numba's workqueue layer ends the process).
LOCK = threading.RLock()

# A forked child has the thread that forked and none of the others: a lock that one of these held
# would never be free in it. So the thread that forks takes all of them, always in this order.
_fork_locks: list[Any] = [LOCK]
is_forked = False  # whether this process is such a child


def hold_over_fork(lock: Any) -> None:
    """Hold a re-entrant lock over every `os.fork`; where both are taken, it is taken after LOCK."""
    _fork_locks.append(lock)


def _acquire_fork_locks() -> None:
    for lock in _fork_locks:
        lock.acquire()


def _release_fork_locks() -> None:
    for lock in reversed(_fork_locks):
        lock.release()


def _begin_child() -> None:
    global is_forked
    is_forked = True
    _release_fork_locks()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_acquire_fork_locks,
        after_in_parent=_release_fork_locks,
        after_in_child=_begin_child,
    )
