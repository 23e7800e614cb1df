"""From threads to PTX and to machine code, with or without a GPU.

A kernel is a plain Python function: the interpreter rewrites it, a compiler gets a copy whose
`cuda`, device functions and instructions are its own. Both compilers end in PTX, which NVIDIA's
assembler (ptxas, here as the library nvJitLink) turns into the code of one compute capability.
"""

import inspect
import re
from collections.abc import Sequence
from importlib import import_module
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from microgpt.backends.numba_cuda._device import Compiler
from microgpt.backends.numba_cuda._lowering import lower
from microgpt.errors import KernelError


class ArgumentType(NamedTuple):
    """What a compiler must know of an argument: an array's number of axes, 0 for a number."""

    dtype: str
    ndim: int = 0


def type_of(argument: Any) -> ArgumentType:
    """The type under which a kernel is launched: numbers are int64 or float64."""
    if isinstance(argument, np.ndarray):
        return ArgumentType(argument.dtype.name, argument.ndim)
    if isinstance(argument, np.generic):
        return ArgumentType(argument.dtype.name)
    return ArgumentType("int64" if isinstance(argument, int) else "float64")


class MachineCode(NamedTuple):
    """A kernel for one compute capability, and what each of its threads needs."""

    code: bytes
    registers: int
    stack_bytes: int  # local memory: arrays that a variable indexes, and spilled registers
    spilled_bytes: int


class Binder:
    """Kernels and device functions as a compiler takes them, for one compute capability."""

    def __init__(self, compiler: Compiler, cc: tuple[int, int]):
        self.compiler, self.cc = compiler, cc
        self._bound_values: dict[Any, Any] = {}

    def bind(self, function: FunctionType) -> FunctionType:
        """Return a copy whose `cuda` and device functions are the compiler's."""
        used = inspect.getclosurevars(function)
        bound = {
            n: self._bound(n, value) for n, value in {**used.globals, **used.nonlocals}.items()
        }
        return lower(function, {**function.__globals__, **bound})

    def _bound(self, name: str, value: Any) -> Any:
        if name == "cuda":
            return self.compiler.cuda
        if isinstance(value, FunctionType):
            if value not in self._bound_values:
                self._bound_values[value] = self.compiler.cuda.jit(device=True)(self.bind(value))
        elif hasattr(value, "for_compiler"):  # an instruction
            if value not in self._bound_values:
                self._bound_values[value] = value.for_compiler(self.compiler)
        else:
            return value
        return self._bound_values[value]

    def ptx(self, function: FunctionType, arguments: Sequence[ArgumentType]) -> str:
        """Compile a kernel for arguments of these types."""
        types = self.compiler.types
        signature = tuple(
            types.Array(getattr(types, dtype), ndim, "C") if ndim else getattr(types, dtype)
            for dtype, ndim in arguments
        )
        with self.compiler.pretend(self.cc):
            code, _ = self.compiler.cuda.compile_ptx(self.bind(function), signature, cc=self.cc)
        return code


def assemble(ptx: str, cc: tuple[int, int], max_registers: int | None = None) -> MachineCode:
    """Turn the PTX of one kernel into machine code, with at most so many registers a thread."""
    core = import_module("cuda.core")
    options = core.LinkerOptions(
        arch=f"sm_{cc[0]}{cc[1]}", ptxas_options=["-v"], max_register_count=max_registers
    )
    linker = core.Linker(core.ObjectCode.from_ptx(ptx.encode()), options=options)
    code, log = bytes(linker.link("cubin").code), linker.get_info_log()
    stack, stores = _numbers(r"(\d+) bytes stack frame, (\d+) bytes spill stores", log)
    (registers,) = _numbers(r"Used (\d+) registers", log)
    return MachineCode(code, registers, stack, stores)


def _numbers(pattern: str, log: str) -> list[int]:
    found = re.search(pattern, log)
    if found is None:
        raise KernelError(f"the assembler was expected to report {pattern!r}; its report: {log}")
    return [int(number) for number in found.groups()]
