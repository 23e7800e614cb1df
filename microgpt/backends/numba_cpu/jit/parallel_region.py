"""Launches whose loops threads share: one parallel region for a whole table of them.

The first thread to come leads: it makes the launches, one after the other. One that is worth it, it
posts on a board, for all to do shares of it; the others follow, from one posted launch to the next.
That takes an eighth of the time of a region for each launch. A thread has shares of its own, since
it has in its cache what it wrote the launch before, and does those that others have left after
that: a thread that is late, or has a slow core, holds up nobody by more than a share. A leader whom
nobody follows does them all.

An owner's count of taken shares never falls. Whoever raises it from below the number posted has a
share of the launch on the board, which stays there until all its shares are done.
"""

from collections.abc import Callable
from functools import cache

import numba
import numpy as np
from numba import njit

from microgpt.backends.numba_cpu.jit.atomics import (
    WORD,
    add,
    find_system_calls,
    load,
    replace,
    store,
    wait_until,
)
from microgpt.backends.numba_cpu.jit.compile import HELPER, njit_cached
from microgpt.backends.numba_cpu.jit.native_code import define_num_threads, num_threads
from microgpt.backends.numba_cpu.jit.prange import PARTS_BITS
from microgpt.backends.numba_cpu.jit.rows import NONE_LEFT, ROW_BYTES, ROW_SHARES, call_row
from microgpt.backends.numba_cpu.jit.threads import start_threads

# The board's numbers, each in a pair of cache lines of its own, which a processor fetches together.
LINES = 128
ARRIVED, ROW, FIRST, POSTED, FINISHED, FAILED, MADE, TAKEN = range(0, 8 * LINES, LINES)
CLOSED = 2**62  # "posted" when there will be no more launches


@cache
def region_runner() -> Callable[[int, int], int]:
    """As `row_runner`, for rows that threads share; starts the threads."""
    start_threads()
    find_system_calls()
    define_num_threads()
    run = njit_cached(_run_region, {"nogil": True})
    run(0, 0)  # compiles it
    return run


def _run_region(address, count):
    made = 0
    while made < count:
        if load(address + ROW_SHARES) > 0:
            together = _run_together(address, count - made)
            for _ in range(together):
                address += load(address + ROW_BYTES)
            made += together
            if made < count and load(address + ROW_SHARES) >= 0:
                break  # that launch failed
        elif call_row(address, 0):
            address += load(address + ROW_BYTES)
            made += 1
        else:
            break
    return made


@njit(**HELPER)
def _run_together(address, count):
    """Launches from a row that is shared to the last one that is; returns how many succeeded."""
    threads = num_threads()
    memory = np.zeros((TAKEN + LINES * threads + LINES) // WORD, np.int64)
    start = memory.ctypes.data
    board = start + -start % LINES
    if threads == 1:
        _lead(board, threads, 0, address, count)
    else:
        _share_rows(board, threads, address, count)
    return memory[(board - start + MADE) // WORD]  # only what is used later is still there


@njit(nogil=True, parallel=True)
def _share_rows(board, threads, address, count):
    """Make launches together."""
    for thread in numba.prange(threads):
        home = np.int64(thread)
        if add(board + ARRIVED, 1) == 0:
            _lead(board, threads, home, address, count)
        else:
            _follow(board, threads, home)


@njit(**HELPER)
def _lead(board, threads, home, address, count):
    """Make the launches from a row on, with whoever follows."""
    posted, shares, made = 0, 0, 0
    while made < count:
        row_shares = load(address + ROW_SHARES)
        if row_shares == NONE_LEFT:
            break
        if row_shares:
            store(board + ROW, address)
            store(board + FIRST, posted)
            posted += row_shares
            shares += row_shares * threads
            store(board + POSTED, posted)
            _do_shares(board, threads, home, posted)
            wait_until(board + FINISHED, shares)
            if load(board + FAILED):
                break
        elif not call_row(address, 0):
            break
        address += load(address + ROW_BYTES)
        made += 1
    store(board + MADE, made)
    store(board + POSTED, CLOSED)


@njit(**HELPER)
def _follow(board, threads, home):
    """Do shares of the leader's launches."""
    posted = wait_until(board + POSTED, 1)
    while posted < CLOSED:
        _do_shares(board, threads, home, posted)
        posted = wait_until(board + POSTED, posted + 1)


@njit(**HELPER)
def _do_shares(board, threads, home, posted):
    """Do shares of the launch on the board until all are taken: first this thread's own."""
    for distance in range(threads):
        owner = (home + distance) % threads
        taken = board + TAKEN + owner * LINES
        number = load(taken)
        while number < posted:
            if replace(taken, number, number + 1):
                first = load(board + FIRST)
                part = owner * (posted - first) + number - first
                parts = threads * (posted - first)
                if not call_row(load(board + ROW), parts << PARTS_BITS | part):
                    store(board + FAILED, 1)
                add(board + FINISHED, 1)
            number = load(taken)
