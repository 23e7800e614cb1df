"""Rows of a launch table: calls of compiled kernels with all they need, made without Python.

A row is integers: its size in bytes, into how many shares for each thread the launch is divided (0:
not at all; NONE_LEFT: nor are the launches behind it), the addresses of a trampoline, of memory for
the shares to work in (0: they need none) and of the kernel, then all parts of its arguments. A
trampoline is a few instructions that load a row and call; kernels of one layout share it.
"""

from collections.abc import Callable, Iterable
from functools import cache

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from microgpt.backends.numba_cpu.jit.atomics import load
from microgpt.backends.numba_cpu.jit.compile import njit_cached
from microgpt.backends.numba_cpu.jit.native_code import compile_llvm

Layout = tuple[str, ...]

ROW_BYTES, ROW_SHARES, _ROW_TRAMPOLINE, ROW_WORKSPACE = 0, 8, 16, 24  # where they are in a row
HEAD = 5  # integers before the arguments
NONE_LEFT = -1

_trampolines: dict[Layout, int] = {}


@intrinsic
def call_row(typing_context, address, share):
    """Make the call of the row at an address with a share; whether it raised nothing."""

    def codegen(context, builder, signature, arguments):
        integer, boolean = ir.IntType(64), ir.IntType(1)
        trampoline = ir.FunctionType(boolean, [integer, integer]).as_pointer()
        at = builder.add(arguments[0], integer(_ROW_TRAMPOLINE))
        function = builder.load(builder.inttoptr(at, trampoline.as_pointer()))
        return builder.call(function, arguments)

    return types.boolean(types.int64, types.int64), codegen


def _run_rows(address, count):
    for made in range(count):
        if not call_row(address, 0):
            return made
        address += load(address + ROW_BYTES)
    return count


@cache
def row_runner() -> Callable[[int, int], int]:
    """run(address, count): `count` launches from a row on; returns how many succeeded."""
    run = njit_cached(_run_rows, {"nogil": True})
    run(0, 0)  # compiles it
    return run


def find_trampolines(layouts: Iterable[Layout]) -> list[int]:
    """The addresses of the layouts' trampolines; those that are new are compiled together."""
    layouts = list(layouts)
    missing = set(layouts) - _trampolines.keys()
    if missing:
        named = {f"trampoline{number}": layout for number, layout in enumerate(missing)}
        # To optimise them would save 6 ns a call.
        engine = compile_llvm("\n".join(_trampoline(*item) for item in named.items()))
        for name, layout in named.items():
            _trampolines[layout] = engine.get_function_address(name)
    return [_trampolines[layout] for layout in layouts]


def _trampoline(name: str, layout: Layout) -> str:
    """LLVM's code for a function that makes the call of a row.

    A kernel takes a pointer for its result, where it finds its share and behind that its workspace,
    one for what it raises, then the parts of its arguments; it returns 0 if nothing was raised. See
    numba.core.callconv.CPUCallConv.
    """
    loads = "\n".join(
        f"  %p{n} = getelementptr i64, ptr %row, i64 {n}\n  %v{n} = load {part}, ptr %p{n}"
        for n, part in enumerate(("i64", "ptr", *layout), start=HEAD - 2)
    )
    values = "".join(f", {part} %v{n}" for n, part in enumerate(layout, start=HEAD))
    return f"""
define i1 @{name}(ptr %row, i64 %share) {{
  %result = alloca [2 x i64]
  %raised = alloca ptr
  store i64 %share, ptr %result
{loads}
  %second = getelementptr i64, ptr %result, i64 1
  store i64 %v{HEAD - 2}, ptr %second
  %status = call i32 %v{HEAD - 1}(ptr %result, ptr %raised{values})
  %ok = icmp eq i32 %status, 0
  ret i1 %ok
}}"""
