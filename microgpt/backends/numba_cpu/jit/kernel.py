"""`@kernel`: a readable loop nest, compiled on first use; threads share it where work is large."""

import os
import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any

from microgpt.backends import locking
from microgpt.backends.numba_cpu.jit.compile import FLAGS, njit_cached
from microgpt.backends.numba_cpu.jit.launch_table import SharedLoop
from microgpt.backends.numba_cpu.jit.threads import threads_started

# A unit of work takes a serial loop about 0.15 ns: one addition of a number from the second-level
# cache. So a launch of 2.5 µs is shared, if its recording is: sharing takes 0.4 µs, and what a
# thread has in its cache stays there.
PARALLEL_FROM = 16_384
# A thread has a share for each 4 · PARALLEL_FROM of a launch, so that others can do some of a large
# one for a thread that is late, and 4 at most.
SHARE_WORK, MAX_SHARES = 4, 4


class Kernel:
    """A loop nest, compiled once, to be called as it is or to be shared by threads.

    `work` gives the amount of work for these arguments, in the unit of PARALLEL_FROM; without it,
    the amount is `cost` for each element of the first output. Both are measured. `flags` are those
    that it is compiled with, where they are not FLAGS.
    """

    def __init__(
        self,
        function: Callable,
        work: Callable[..., int] | None = None,
        cost: int = 1,
        flags: dict[str, Any] | None = None,
    ):
        self.function = function
        self.work, self.cost = work, cost
        self.flags = FLAGS | (flags or {})

    @cached_property
    def serial(self) -> Callable:
        """The compiled loop nest, as one thread calls it."""
        return self.compile(self.flags)

    @cached_property
    def parallel(self) -> SharedLoop:
        """The same, as all threads call it together."""
        return SharedLoop(self.serial, self)

    def compile(self, flags: dict[str, Any]) -> Callable:
        """The loop nest as machine code."""
        return njit_cached(self.function, flags)

    def count_work(self, arguments: tuple) -> int:
        """How much work a launch with these arguments is: by sizes alone, never by timing."""
        return self.cost * arguments[0].size if self.work is None else self.work(*arguments)

    def count_shares(self, arguments: tuple) -> int:
        """How many shares each thread has."""
        return max(1, min(MAX_SHARES, self.count_work(arguments) // (SHARE_WORK * PARALLEL_FROM)))

    def count_workspace(self, arguments: tuple) -> int:
        """Bytes in which the shares of a launch leave results for its last call, if any."""
        return 0

    def select_variant(self, arguments: tuple) -> Callable:
        """How to call the kernel with these arguments: serially, or by all threads."""
        return self.parallel if self.count_work(arguments) >= PARALLEL_FROM else self.serial


class SerialKernel(Kernel):
    """A kernel of too little work for a parallel region."""

    def select_variant(self, arguments: tuple) -> Callable:
        return self.serial


def kernel(
    work: Callable[..., int] | None = None, cost: int = 1, flags: dict[str, Any] | None = None
) -> Callable[[Callable], Kernel]:
    return lambda function: Kernel(function, work, cost, flags)


def _stay_serial_if_forked() -> None:
    """Run every kernel serially in a forked child, where the parent's threads do not exist.

    GNU OpenMP ends such a child at its first parallel region, other layers may wait for ever.
    """
    global PARALLEL_FROM
    if locking.is_forked and threads_started():
        PARALLEL_FROM = sys.maxsize


_stay_serial_if_forked()  # where this is loaded in the child, after the parent's own functions
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_stay_serial_if_forked)
