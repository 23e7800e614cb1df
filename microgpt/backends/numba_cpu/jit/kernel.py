"""`@kernel`: a readable loop nest, compiled on first use; serial for small work, else parallel."""

import os
import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any

from microgpt.backends import locking
from microgpt.backends.numba_cpu.jit.compile import FLAGS, njit_cached
from microgpt.backends.numba_cpu.jit.threads import start_threads, threads_started

# A unit of work takes a serial loop about 0.15 ns: one addition of a number from the second-level
# cache. Below 10 µs of it, waking the other threads costs more than they save.
PARALLEL_FROM = 65_536


class Kernel:
    """A loop nest in two compiled variants, serial and parallel.

    `work` gives the amount of work for these arguments, in the unit of PARALLEL_FROM; without it,
    the amount is `cost` for each element of the first output. Both are measured.
    """

    def __init__(
        self,
        function: Callable,
        work: Callable[..., int] | None = None,
        cost: int = 1,
        fastmath: set[str] | None = None,
    ):
        self.function = function
        self.work, self.cost = work, cost
        self.flags = FLAGS if fastmath is None else FLAGS | {"fastmath": fastmath}

    @cached_property
    def serial(self) -> Callable:
        return self.compile(self.flags)

    @cached_property
    def parallel(self) -> Callable:
        start_threads()
        return self.compile(self.flags | {"parallel": True})

    def compile(self, flags: dict[str, Any]) -> Callable:
        """The loop nest as machine code."""
        return njit_cached(self.function, flags)

    def is_parallel(self, arguments: tuple) -> bool:
        """Whether these arguments need threads: by sizes alone, never by timing."""
        work = self.cost * arguments[0].size if self.work is None else self.work(*arguments)
        return work >= PARALLEL_FROM

    def select_variant(self, arguments: tuple) -> Callable:
        """The variant for these arguments."""
        return self.parallel if self.is_parallel(arguments) else self.serial


class SerialKernel(Kernel):
    """A kernel of too little work for a parallel region."""

    def is_parallel(self, arguments: tuple) -> bool:
        return False


def kernel(
    work: Callable[..., int] | None = None, cost: int = 1, fastmath: set[str] | None = None
) -> Callable[[Callable], Kernel]:
    return lambda function: Kernel(function, work, cost, fastmath)


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
