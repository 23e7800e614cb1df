"""Calls of compiled kernels as rows of a table, and a loop that makes them one after the other.

From Python, a kernel's call takes 0.3 µs, most of it to look at the arguments. Those of a recorded
launch stay the same, so they are taken apart once, as compiled code wants them, into a row of
numbers: the address of a caller, that of the kernel, then all parts of the arguments. Kernels whose
arguments have the same parts share a caller: a few instructions that read a row and call.
"""

import struct
from array import array as numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.extending import intrinsic
from numba.np.numpy_support import as_dtype

from microgpt.backends.dispatch import LaunchTable, data_ptr
from microgpt.backends.numba_cpu.jit.check import Check
from microgpt.backends.numba_cpu.jit.compile import compiled

Kind = tuple[np.dtype, int] | type
Layout = tuple[str, ...]


@dataclass
class Compiled:
    """Where a compiled kernel is, the parts that it takes, and where its caller is, once needed."""

    address: int
    layout: Layout
    caller: int = 0


SCALARS = {int: (types.int64, "i64"), float: (types.float64, "double")}

_kernels: dict[tuple[Dispatcher, tuple[Kind, ...]], Compiled] = {}
_callers: dict[Layout, int] = {}
_engines: list[binding.ExecutionEngine] = []  # own the callers' machine code


def lower(calls: Sequence[tuple[Callable[..., None], tuple]]) -> LaunchTable:
    """A table of all calls whose kernels are compiled."""
    found = []
    for call, arguments in calls:
        kinds, parts = _taken_apart(arguments)
        found.append((_kernel(call, kinds), parts))
    _add_callers([kernel for kernel, _ in found if kernel is not None and not kernel.caller])
    rows: list[int] = []
    places = []
    for kernel, parts in found:
        places.append(-1 if kernel is None else len(rows))
        if kernel is not None:
            rows += kernel.caller, kernel.address
            rows += parts
    table = numbers("q", rows)
    start, _ = table.buffer_info()
    return LaunchTable([0 if p < 0 else start + 8 * p for p in places], _runner(), table)


def _run(address, count):
    for done in range(count):
        address = call_row(address)
        if address == 0:
            return done
    return count


@cache
def _runner() -> Callable[[int, int], int]:
    run = compiled(_run, {"nogil": True})
    run(0, 0)  # compiles it
    return run


@intrinsic
def call_row(typing_context, address):
    """Make the call of the row at an address: the address of the next row, or 0 if refused."""

    def codegen(context, builder, signature, arguments):
        number = context.get_value_type(types.int64)
        caller = ir.FunctionType(number, [number]).as_pointer()
        row = builder.inttoptr(arguments[0], caller.as_pointer())
        return builder.call(builder.load(row), arguments)

    return types.int64(types.int64), codegen


def _add_callers(kernels: list[Compiled]) -> None:
    """Give each kernel the caller for its layout; those that are missing are compiled together."""
    layouts = {kernel.layout for kernel in kernels} - _callers.keys()
    if layouts:
        named = {f"caller{number}": layout for number, layout in enumerate(layouts)}
        module = binding.parse_assembly("\n".join(_caller(*item) for item in named.items()))
        # Not optimised: that would take ten times as long, and save 6 ns a call.
        machine = binding.Target.from_default_triple().create_target_machine(opt=0, jit=True)
        module.triple, module.data_layout = machine.triple, str(machine.target_data)
        engine = binding.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        _engines.append(engine)
        for name, layout in named.items():
            _callers[layout] = engine.get_function_address(name)
    for kernel in kernels:
        kernel.caller = _callers[kernel.layout]


def _caller(name: str, layout: Layout) -> str:
    """LLVM's code for a function that makes the call of a row.

    A kernel takes a place for its result, one for what it raises, then the parts of its arguments;
    it returns 0 if all went well. See numba.core.callconv.CPUCallConv.
    """
    end = len(layout) + 2
    loads = "\n".join(
        f"  %p{n} = getelementptr i64, ptr %row, i64 {n}\n  %v{n} = load {kind}, ptr %p{n}"
        for n, kind in enumerate(("ptr", *layout), start=1)
    )
    values = "".join(f", {kind} %v{n}" for n, kind in enumerate(layout, start=2))
    return f"""
define i64 @{name}(ptr %row) {{
  %result = alloca ptr
  %raised = alloca ptr
{loads}
  %status = call i32 %v1(ptr %result, ptr %raised{values})
  %fine = icmp eq i32 %status, 0
  %end = getelementptr i64, ptr %row, i64 {end}
  %next = ptrtoint ptr %end to i64
  %answer = select i1 %fine, i64 %next, i64 0
  ret i64 %answer
}}"""


def _taken_apart(arguments: tuple) -> tuple[tuple[Kind, ...], list[int]]:
    """What kinds of arguments these are, and all their parts.

    An array is, to compiled code, two owners (none here), its sizes, its data, shape and strides.
    """
    kinds: list[Kind] = []
    parts: list[int] = []
    for argument in arguments:
        kind: Kind = type(argument)
        if kind is np.ndarray and argument.flags.c_contiguous:
            kind, size = (argument.dtype, argument.ndim), argument.size
            data = data_ptr(argument) if size else 0
            parts += (0, 0, size, argument.itemsize, data, *argument.shape, *argument.strides)
        elif kind is float:
            parts += struct.unpack("q", struct.pack("d", argument))
        else:
            parts.append(argument)  # a whole number, or no kernel will be found
        kinds.append(kind)
    return tuple(kinds), parts


def _kernel(call: Any, kinds: tuple[Kind, ...]) -> Compiled | None:
    """The compiled kernel behind a call with such arguments."""
    owner = getattr(call, "__self__", None)
    dispatcher: Any = owner.compiled if isinstance(owner, Check) else call
    kernel = _kernels.get((dispatcher, kinds))
    if kernel is None and isinstance(dispatcher, Dispatcher):
        kernel = _variant(dispatcher, kinds)
        if kernel is not None:
            _kernels[dispatcher, kinds] = kernel
    return kernel


def _variant(dispatcher: Any, kinds: tuple[Kind, ...]) -> Compiled | None:
    for variant in dispatcher.overloads.values():
        about = variant.fndesc
        if about.restype == types.none and all(map(_fits, about.argtypes, kinds)):
            layout = tuple(part for kind in kinds for part in _layout(kind))
            if layout == _layout_in_numba(about):
                place = variant.library.get_pointer_to_function(about.llvm_func_name)
                return Compiled(place, layout)
    return None


def _fits(numba_type: types.Type, kind: Kind) -> bool:
    if isinstance(kind, tuple):
        return (
            isinstance(numba_type, types.Array)
            and numba_type.layout == "C"
            and (as_dtype(numba_type.dtype), numba_type.ndim) == kind
        )
    return kind in SCALARS and numba_type == SCALARS[kind][0]


def _layout(kind: Kind) -> Layout:
    if isinstance(kind, tuple):
        return ("ptr", "ptr", "i64", "i64", "ptr") + ("i64",) * (2 * kind[1])
    return (SCALARS[kind][1],)


def _layout_in_numba(about: Any) -> Layout:
    """What Numba itself says a compiled function takes; another version might differ."""
    convention = cpu_target.target_context.call_conv
    function = convention.get_function_type(about.restype, about.argtypes)
    return tuple(
        "ptr" if isinstance(part, ir.PointerType) else str(part) for part in function.args[2:]
    )
