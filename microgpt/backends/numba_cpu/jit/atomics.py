"""Integers that several threads change, by their addresses, and how a thread waits for a change.

What a thread wrote before a store, add or replace is seen by a thread that loads the new number.
"""

import ctypes
import sys
from functools import cache

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from microgpt.backends.numba_cpu.jit.compile import INLINE

WORD = 8  # bytes of an integer
# A thread waits for SPINS pauses, some µs, then offers its core to others; after OFFERS of these it
# sleeps in between: where there are more threads than cores, the others need what it would use.
SPINS, OFFERS, SLEEP_US = 256, 16, 50
SOON = 64  # pauses: 3 µs on some processors, less than 1 on others

_INTEGER = ir.IntType(64)

offer_core = types.ExternalFunction("microgpt_offer_core", types.int32())
sleep = types.ExternalFunction("microgpt_sleep", types.int32(types.uint32))


def _pointer(builder, address):
    return builder.inttoptr(address, _INTEGER.as_pointer())


@intrinsic
def load(typing_context, address):
    """The integer at an address."""

    def codegen(context, builder, signature, arguments):
        return builder.load_atomic(_pointer(builder, arguments[0]), "acquire", WORD)

    return types.int64(types.int64), codegen


@intrinsic
def store(typing_context, address, number):
    """Write the integer at an address."""

    def codegen(context, builder, signature, arguments):
        builder.store_atomic(arguments[1], _pointer(builder, arguments[0]), "release", WORD)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def add(typing_context, address, number):
    """Add to the integer at an address; what it was before."""

    def codegen(context, builder, signature, arguments):
        pointer = _pointer(builder, arguments[0])
        return builder.atomic_rmw("add", pointer, arguments[1], "acq_rel")

    return types.int64(types.int64, types.int64), codegen


@intrinsic
def replace(typing_context, address, expected, number):
    """Replace the integer at an address, if it is the expected one; whether it was."""

    def codegen(context, builder, signature, arguments):
        pointer = _pointer(builder, arguments[0])
        pair = builder.cmpxchg(pointer, arguments[1], arguments[2], "acq_rel", "acquire")
        return builder.extract_value(pair, 1)

    return types.boolean(types.int64, types.int64, types.int64), codegen


@intrinsic
def pause(typing_context):
    """Let a processor know that this thread waits."""

    def codegen(context, builder, signature, arguments):
        architecture = builder.module.triple.partition("-")[0]
        if architecture == "x86_64":
            _call_intrinsic(builder, "llvm.x86.sse2.pause")
        elif architecture in ("aarch64", "arm64"):
            # `yield`, meant for this, does nothing on many of these. Not measured here.
            _call_intrinsic(builder, "llvm.aarch64.isb", ir.IntType(32)(15))
        return context.get_dummy_value()

    return types.void(), codegen


def _call_intrinsic(builder, name, *arguments):
    function_type = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
    builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), arguments)


@njit(**INLINE)
def reached_soon(address, number):
    """Wait a little for the integer at an address to be at least `number`; whether it is."""
    for _ in range(SOON):
        if load(address) >= number:
            return True
        pause()
    return False


@njit(**INLINE)
def wait_until(address, number):
    """Wait until the integer at an address is at least `number`; what it is then."""
    spins = 0
    current = load(address)
    while current < number:
        spins += 1
        if spins % SPINS:
            pause()
        elif spins <= SPINS * OFFERS:
            offer_core()
        else:
            sleep(np.uint32(SLEEP_US))
        current = load(address)
    return current


@cache
def find_system_calls() -> None:
    """Let compiled code find the system's calls with which a thread waits."""
    if sys.platform == "win32":  # whose sleeps take 15 ms: a thread there only offers its core
        calls = dict.fromkeys((offer_core, sleep), ctypes.windll.kernel32.SwitchToThread)
    else:
        library = ctypes.CDLL(None)
        calls = {offer_core: library.sched_yield, sleep: library.usleep}
    for name, function in calls.items():
        binding.add_symbol(name.symbol, ctypes.cast(function, ctypes.c_void_p).value)
