"""Launches of compiled kernels as rows of a table, and a loop that makes them without Python.

From Python, a call of a kernel takes 0.3 µs, most of it to look at the arguments. Those of a
recorded launch stay the same, so they are flattened once, as compiled code takes them, into a row
of numbers: the address of a trampoline, that of the kernel, then all parts of the arguments. A
trampoline is a few instructions that load a row and call; kernels of one layout share it.
"""

import struct
from array import array as number_array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.extending import intrinsic
from numba.np.numpy_support import as_dtype

from microgpt.backends.dispatch import LaunchTable
from microgpt.backends.memory import data_ptr
from microgpt.backends.numba_cpu.jit.check import Check
from microgpt.backends.numba_cpu.jit.compile import njit_cached
from microgpt.backends.numba_cpu.jit.native_code import compile_llvm

ArgType = tuple[np.dtype, int] | type  # an array's dtype and dimensions, or int or float
Layout = tuple[str, ...]


@dataclass
class CompiledKernel:
    """A compiled kernel's address, the layout of its arguments, its trampoline's address."""

    address: int
    layout: Layout
    trampoline: int = 0  # 0: not built yet


SCALARS = {int: (types.int64, "i64"), float: (types.float64, "double")}

_kernels: dict[tuple[Dispatcher, tuple[ArgType, ...]], CompiledKernel] = {}
_trampolines: dict[Layout, int] = {}


def lower(calls: Sequence[tuple[Callable[..., None], tuple]]) -> LaunchTable:
    """A table of all calls whose kernels are compiled."""
    lowered = []
    for call, arguments in calls:
        arg_types, parts = _flatten_arguments(arguments)
        lowered.append((_find_kernel(call, arg_types), parts))
    _add_trampolines([k for k, _ in lowered if k is not None and not k.trampoline])
    rows: list[int] = []
    offsets = []
    for kernel, parts in lowered:
        offsets.append(-1 if kernel is None else len(rows))
        if kernel is not None:
            rows += kernel.trampoline, kernel.address
            rows += parts
    table = number_array("q", rows)
    start, _ = table.buffer_info()
    return LaunchTable([0 if i < 0 else start + 8 * i for i in offsets], _runner(), table)


def _run(address, count):
    for done in range(count):
        address = call_row(address)
        if address == 0:
            return done
    return count


@cache
def _runner() -> Callable[[int, int], int]:
    run = njit_cached(_run, {"nogil": True})
    run(0, 0)  # compiles it
    return run


@intrinsic
def call_row(typing_context, address):
    """Make the call of the row at an address; the address of the next row, or 0 if it raised."""

    def codegen(context, builder, signature, arguments):
        integer = context.get_value_type(types.int64)
        trampoline = ir.FunctionType(integer, [integer]).as_pointer()
        row = builder.inttoptr(arguments[0], trampoline.as_pointer())
        return builder.call(builder.load(row), arguments)

    return types.int64(types.int64), codegen


def _add_trampolines(kernels: list[CompiledKernel]) -> None:
    """Give each kernel the trampoline of its layout; missing ones are compiled together."""
    missing = {kernel.layout for kernel in kernels} - _trampolines.keys()
    if missing:
        layouts = {f"trampoline{number}": layout for number, layout in enumerate(missing)}
        # To optimise them would save 6 ns a call.
        engine = compile_llvm("\n".join(_trampoline(*item) for item in layouts.items()))
        for name, layout in layouts.items():
            _trampolines[layout] = engine.get_function_address(name)
    for kernel in kernels:
        kernel.trampoline = _trampolines[kernel.layout]


def _trampoline(name: str, layout: Layout) -> str:
    """LLVM's code for a function that makes the call of a row.

    A kernel takes a pointer for its result, one for what it raises, then the parts of its
    arguments; it returns 0 if nothing was raised. See numba.core.callconv.CPUCallConv.
    """
    end = len(layout) + 2
    loads = "\n".join(
        f"  %p{n} = getelementptr i64, ptr %row, i64 {n}\n  %v{n} = load {part}, ptr %p{n}"
        for n, part in enumerate(("ptr", *layout), start=1)
    )
    values = "".join(f", {part} %v{n}" for n, part in enumerate(layout, start=2))
    return f"""
define i64 @{name}(ptr %row) {{
  %result = alloca ptr
  %raised = alloca ptr
{loads}
  %status = call i32 %v1(ptr %result, ptr %raised{values})
  %ok = icmp eq i32 %status, 0
  %end = getelementptr i64, ptr %row, i64 {end}
  %next = ptrtoint ptr %end to i64
  %answer = select i1 %ok, i64 %next, i64 0
  ret i64 %answer
}}"""


def _flatten_arguments(arguments: tuple) -> tuple[tuple[ArgType, ...], list[int]]:
    """The types of the arguments, and all their parts.

    An array is, to compiled code, two owners (none here), its sizes, its data, shape and strides.
    """
    arg_types: list[ArgType] = []
    parts: list[int] = []
    for argument in arguments:
        arg_type: ArgType = type(argument)
        if arg_type is np.ndarray and argument.flags.c_contiguous:
            arg_type, size = (argument.dtype, argument.ndim), argument.size
            data = data_ptr(argument) if size else 0
            parts += (0, 0, size, argument.itemsize, data, *argument.shape, *argument.strides)
        elif arg_type is float:
            parts += struct.unpack("q", struct.pack("d", argument))
        else:
            parts.append(argument)  # an int, or no kernel will be found
        arg_types.append(arg_type)
    return tuple(arg_types), parts


def _find_kernel(call: Any, arg_types: tuple[ArgType, ...]) -> CompiledKernel | None:
    """The compiled kernel behind a call with arguments of these types."""
    owner = getattr(call, "__self__", None)
    dispatcher: Any = owner.compiled if isinstance(owner, Check) else call
    kernel = _kernels.get((dispatcher, arg_types))
    if kernel is None and isinstance(dispatcher, Dispatcher):
        kernel = _compiled_overload(dispatcher, arg_types)
        if kernel is not None:
            _kernels[dispatcher, arg_types] = kernel
    return kernel


def _compiled_overload(dispatcher: Any, arg_types: tuple[ArgType, ...]) -> CompiledKernel | None:
    for overload in dispatcher.overloads.values():
        fndesc = overload.fndesc
        if fndesc.restype == types.none and all(map(_matches, fndesc.argtypes, arg_types)):
            layout = tuple(part for arg_type in arg_types for part in _layout(arg_type))
            if layout == _numba_layout(fndesc):
                address = overload.library.get_pointer_to_function(fndesc.llvm_func_name)
                return CompiledKernel(address, layout)
    return None


def _matches(numba_type: types.Type, arg_type: ArgType) -> bool:
    if isinstance(arg_type, tuple):
        return (
            isinstance(numba_type, types.Array)
            and numba_type.layout == "C"
            and (as_dtype(numba_type.dtype), numba_type.ndim) == arg_type
        )
    return arg_type in SCALARS and numba_type == SCALARS[arg_type][0]


def _layout(arg_type: ArgType) -> Layout:
    if isinstance(arg_type, tuple):
        return ("ptr", "ptr", "i64", "i64", "ptr") + ("i64",) * (2 * arg_type[1])
    return (SCALARS[arg_type][1],)


def _numba_layout(fndesc: Any) -> Layout:
    """The layout that Numba itself gives a compiled function; another version might differ."""
    convention = cpu_target.target_context.call_conv
    function = convention.get_function_type(fndesc.restype, fndesc.argtypes)
    return tuple(
        "ptr" if isinstance(part, ir.PointerType) else str(part) for part in function.args[2:]
    )
