"""Launches whose loops threads share: one parallel region for a whole table of them.

The first thread to come leads: it makes the launches, one after the other. One that is worth it, it
posts on a board, for all to do shares of it; the others follow, from one posted launch to the next.
That takes an eighth of the time of a region for each launch. A thread has shares of its own, since
it has in its cache what it wrote the launch before. If others are not done soon after it, it does
those that they have left, and the leader at once in the next launch: a thread that is late, or has
a slow core, holds up nobody by more than a share. A leader whom nobody follows does them all.

An owner's count of taken shares never falls. Whoever raises it from below the number posted has a
share of the launch on the board, which stays there until all its shares are done.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from microgpt.backends.numba_cpu.jit.atomics import (
    WORD,
    add,
    find_system_calls,
    load,
    reached_soon,
    replace,
    store,
    wait_until,
)
from microgpt.backends.numba_cpu.jit.compile import (
    COUNT_REFERENCES,
    HELPER,
    define_cfunc,
    njit_cached,
)
from microgpt.backends.numba_cpu.jit.native_code import define_num_threads, num_threads
from microgpt.backends.numba_cpu.jit.prange import LAST_CALL, PARTS_BITS
from microgpt.backends.numba_cpu.jit.rows import (
    NONE_LEFT,
    ROW_BYTES,
    ROW_SHARES,
    ROW_WORKSPACE,
    call_row,
)
from microgpt.backends.numba_cpu.jit.threads import start_threads

# The board begins with what each thread is called with, then which rows the leader takes.
HOME, THREADS, STEP, ROWS, COUNT = range(0, 5 * WORD, WORD)
# A number that threads change is in two cache lines of its own, which a processor fetches together.
# Each time that a line goes from one core to the other takes 0.1 µs, so that a launch's row lies
# beside the number that tells of it, and who is done first waits a little before it looks at
# others' shares.
LINES = 128
ARRIVED, POSTED, FINISHED, FAILED, MADE, TAKEN = range(LINES, 7 * LINES, LINES)
ROW = POSTED + WORD
CLOSED = 2**62  # "posted" when there will be no more launches

_JOIN = "microgpt_join_region"
_I = types.intp
_JOIN_SIGNATURE = types.void(_I, _I, _I, _I)
# Numba's own way to call a function in its threads; it divides a number of items among them. Its
# parallel functions end there too, and take longer to compile.
_parallel_for = types.ExternalFunction("numba_parallel_for", types.void(*[_I] * 8))
_get_num_threads = types.ExternalFunction("get_num_threads", types.int32())


@cache
def region_runner() -> Callable[[int, int], int]:
    """As `row_runner`, for rows that threads share; starts the threads."""
    start_threads()
    find_system_calls()
    define_num_threads()
    define_cfunc(_JOIN, _join, _JOIN_SIGNATURE)
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


@njit(**HELPER | COUNT_REFERENCES)
def _run_together(address, count):
    """Launches from a row that is shared to the last one that is; returns how many succeeded."""
    threads = num_threads()
    memory = np.zeros((TAKEN + LINES * threads + LINES) // WORD, np.int64)
    start = memory.ctypes.data
    board = start + -start % LINES
    if threads == 1:
        _lead(board, threads, 0, address, count)
    else:
        store(board + THREADS, threads)
        store(board + STEP, 1)
        store(board + ROWS, address)
        store(board + COUNT, count)
        _parallel_for(_address_of_join(), board + HOME, board + THREADS, board + STEP, board,
                      0, 1, _get_num_threads())  # fmt: skip
    return memory[(board - start + MADE) // WORD]  # only what is used later is still there


@intrinsic
def _address_of_join(typing_context):
    """The address of `_join`, as compiled."""

    def codegen(context, builder, signature, arguments):
        parts = [context.get_value_type(part) for part in _JOIN_SIGNATURE.args]
        function_type = ir.FunctionType(ir.VoidType(), parts)
        function = cgutils.get_or_insert_function(builder.module, function_type, _JOIN)
        return builder.ptrtoint(function, context.get_value_type(_I))

    return _I(), codegen


def _join(first_home, homes, step, board):
    """What a thread runs: the board's leader if it is the first to come, else one who follows."""
    for i in range(load(homes)):  # more than one where there are fewer threads than usual
        home, threads = load(first_home) + i, load(board + THREADS)
        if add(board + ARRIVED, 1) == 0:
            _lead(board, threads, home, load(board + ROWS), load(board + COUNT))
        else:
            _follow(board, threads, home)


@njit(**HELPER)
def _lead(board, threads, home, address, count):
    """Make the launches from a row on, with whoever follows."""
    posted, awaited, made = 0, 0, 0  # launches' shares; those that the others are to finish
    others_are_late = True  # as long as they leave shares, those are taken without waiting
    while made < count:
        shares = load(address + ROW_SHARES)
        if shares == NONE_LEFT:
            break
        if shares:
            posted += shares
            store(board + ROW, address)
            store(board + POSTED, posted)
            awaited += threads * shares - _do_shares(board, threads, home, posted)
            if others_are_late or not reached_soon(board + FINISHED, awaited):
                done = _do_shares_of_others(board, threads, home, posted)
                others_are_late = done > 0
                awaited -= done
                wait_until(board + FINISHED, awaited)
            if load(board + FAILED):
                break
            if load(address + ROW_WORKSPACE) and not call_row(address, LAST_CALL):
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
        done = _do_shares(board, threads, home, posted)
        if done:
            add(board + FINISHED, done)
        if not reached_soon(board + POSTED, posted + 1):
            done = _do_shares_of_others(board, threads, home, posted)
            if done:
                add(board + FINISHED, done)
        posted = wait_until(board + POSTED, posted + 1)


@njit(**HELPER)
def _do_shares_of_others(board, threads, home, posted):
    """Do what other threads have left of the launch on the board; how many shares it was."""
    done = 0
    for distance in range(1, threads):
        done += _do_shares(board, threads, (home + distance) % threads, posted)
    return done


@njit(**HELPER)
def _do_shares(board, threads, owner, posted):
    """Do an owner's shares of the launch on the board until all are taken; how many it was."""
    done = 0
    taken = board + TAKEN + owner * LINES
    number = load(taken)
    while number < posted:
        if replace(taken, number, number + 1):
            row = load(board + ROW)
            shares = load(row + ROW_SHARES)
            part = shares * owner + shares - (posted - number)
            if not call_row(row, threads * shares << PARTS_BITS | part):
                store(board + FAILED, 1)
            done += 1
        number = load(taken)
    return done
