"""Launches of compiled kernels as rows of a table, which compiled code makes without Python.

From Python, a call of a kernel takes 0.3 µs, most of it to look at the arguments. Those of a
recorded launch stay the same, so they are flattened once, as compiled code takes them (`rows.py`).
"""

import struct
from array import array as number_array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import typeof, types
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.np.numpy_support import as_dtype

from microgpt.backends.dispatch import LaunchTable
from microgpt.backends.memory import data_ptr
from microgpt.backends.numba_cpu.jit.check import Check
from microgpt.backends.numba_cpu.jit.parallel_region import region_runner
from microgpt.backends.numba_cpu.jit.rows import (
    HEAD,
    NONE_LEFT,
    Layout,
    find_trampolines,
    row_runner,
)

ArgType = tuple[np.dtype, int] | type  # an array's dtype and dimensions, or int or float

# From so many units of work (`kernel.py`) in all, 0.2 ms, or in each launch on average, 20 µs, a
# recording's launches are shared. Between many small ones, what one thread wrote has to reach the
# core of another that reads it: a batch of 8 short texts takes longer on two cores than on one.
REGION_FROM, LAUNCH_FROM = 1_500_000, 131_072


@dataclass
class CompiledKernel:
    """A compiled kernel's address, the layout of its arguments, its trampoline's address."""

    address: int
    layout: Layout
    trampoline: int = 0  # 0: not built yet


class SharedLoop:
    """A kernel that all threads call together, for a number of shares each.

    Called by itself, outside of a recording, it flattens its arguments, which takes 6 µs: where
    each thread has one share, sharing saves less.
    """

    def __init__(self, compiled: Callable, kernel: Any):
        self.compiled: Any = compiled
        self.kernel = kernel

    def __call__(self, *arguments) -> None:
        shares = self.kernel.count_shares(arguments)
        if shares == 1 or not self._run(arguments, shares):
            self.compiled(*arguments)

    def _run(self, arguments: tuple, shares: int) -> bool:
        """Whether a row did it: not if no row takes these arguments, or if the kernel raised."""
        arg_types, parts = _flatten_arguments(arguments)
        kernel = _find_kernel(self, arg_types)
        if kernel is None:
            self.compiled.compile(tuple(map(typeof, arguments)))
            kernel = _find_kernel(self, arg_types)
            if kernel is None:
                return False
        _add_trampolines([kernel])
        workspace = np.empty(self.kernel.count_workspace(arguments), np.uint8)
        row = number_array("q", _row(kernel, shares, _workspace_address(workspace), parts))
        return region_runner()(row.buffer_info()[0], 1) == 1


SCALARS = {int: (types.int64, "i64"), float: (types.float64, "double")}

_kernels: dict[tuple[Dispatcher, tuple[ArgType, ...]], CompiledKernel] = {}


class Launch(NamedTuple):
    """A call to be lowered: its compiled kernel, how it is shared, and its arguments' parts."""

    kernel: CompiledKernel | None
    shares: int  # 0: one thread makes it
    workspace: int  # bytes
    parts: list[int]


def lower(calls: Sequence[tuple[Callable[..., None], tuple]]) -> LaunchTable:
    """A table of all calls whose kernels are compiled."""
    loops = [call if isinstance(call, SharedLoop) else None for call, _ in calls]
    works = [
        loop.kernel.count_work(arguments)
        for loop, (_, arguments) in zip(loops, calls, strict=True)
        if loop is not None
    ]
    is_worth_it = sum(works) >= min(REGION_FROM, LAUNCH_FROM * len(works))
    launches = []
    for loop, (call, arguments) in zip(loops, calls, strict=True):
        arg_types, parts = _flatten_arguments(arguments)
        shares = workspace = 0
        if loop is not None and is_worth_it:
            shares = loop.kernel.count_shares(arguments)
            workspace = loop.kernel.count_workspace(arguments)
        launches.append(Launch(_find_kernel(call, arg_types), shares, workspace, parts))
    _add_trampolines([launch.kernel for launch in launches if launch.kernel is not None])
    return _lay_out(launches)


def _lay_out(launches: list[Launch]) -> LaunchTable:
    """The launches' rows, and one workspace, which all use in turn."""
    is_shared = [launch.kernel is not None and launch.shares > 0 for launch in launches]
    last_shared = max((number for number, shared in enumerate(is_shared) if shared), default=-1)
    workspace = np.empty(max((launch.workspace for launch in launches), default=0), np.uint8)
    rows: list[int] = []
    offsets = []
    for number, (kernel, shares, nbytes, parts) in enumerate(launches):
        offsets.append(-1 if kernel is None else len(rows))
        if kernel is not None:
            if number > last_shared:
                shares = NONE_LEFT
            rows += _row(kernel, shares, _workspace_address(workspace[:nbytes]), parts)
    table = number_array("q", rows)
    start, _ = table.buffer_info()
    run = row_runner() if last_shared < 0 else region_runner()
    rows_at = [0 if i < 0 else start + 8 * i for i in offsets]
    return LaunchTable(rows_at, run, (table, workspace))


def _workspace_address(workspace: np.ndarray) -> int:
    return data_ptr(workspace) if workspace.size else 0


def _row(kernel: CompiledKernel, shares: int, workspace: int, parts: list[int]) -> list[int]:
    size = 8 * (HEAD + len(parts))
    return [size, shares, kernel.trampoline, workspace, kernel.address, *parts]


def _add_trampolines(kernels: list[CompiledKernel]) -> None:
    kernels = [kernel for kernel in kernels if not kernel.trampoline]
    if kernels:
        addresses = find_trampolines([kernel.layout for kernel in kernels])
        for kernel, address in zip(kernels, addresses, strict=True):
            kernel.trampoline = address


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
    dispatcher: Any = call
    if isinstance(owner, Check):
        dispatcher = owner.compiled
    elif isinstance(call, SharedLoop):
        dispatcher = call.compiled
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
