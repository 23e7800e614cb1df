"""Each PTX instruction on the device beside its twin, on random numbers and at the edges."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np

from microgpt import backends
from microgpt.backends.numba_cuda._launch import ThreadKernel
from microgpt.benchmark.gpu.operations import relative_difference
from microgpt.benchmark.gpu.rows import WRONG, Row, judged
from microgpt.benchmark.gpu.stage_process import error_text

PTX = "microgpt.backends.numba_cuda._ptx"
KERNELS = "microgpt.benchmark.gpu.instruction_kernels"
ADDRESSES = "address", "shared address"  # not instructions: where an array is
WARP = 32


def rows(is_emulated: bool) -> Iterator[Row]:
    """Yield what each kernel made of instructions gives, and the instructions that none has."""
    del is_emulated  # the sizes are one warp's
    instructions = find_instructions(importlib.import_module(PTX))
    kernels = importlib.import_module(KERNELS)
    executed: set[int] = set()
    for kernel, arguments, tolerance in kernels.LAUNCHES:
        names = sorted(
            name for name, one in instructions.items() if id(one) in used_by(kernel.function)
        )
        executed |= used_by(kernel.function)
        try:
            yield _compare(", ".join(names), kernel, arguments, tolerance)
        except Exception as error:  # whatever a compiler or a driver raises
            yield Row(", ".join(names), WRONG, error_text(error))
    for name, instruction in instructions.items():
        if id(instruction) not in executed:
            yield Row(name, WRONG, "no kernel of this stage executes it; add one")


def find_instructions(module: Any) -> dict[str, Any]:
    """Return the instructions of a module, by name."""
    return {
        name: one
        for name, one in vars(module).items()
        if getattr(one, "template", ADDRESSES[0]) not in ADDRESSES
    }


def used_by(function: FunctionType) -> set[int]:
    """Return the ids of all objects that a function and the functions it calls name."""
    found: set[int] = set()
    waiting: list[Any] = [function]
    while waiting:
        for one in inspect.getclosurevars(waiting.pop()).globals.values():
            if id(one) not in found:
                found.add(id(one))
                if isinstance(one, FunctionType):
                    waiting.append(one)
    return found


def _compare(
    names: str,
    kernel: ThreadKernel,
    make_arguments: Callable[[], list[np.ndarray]],
    tolerance: float,
) -> Row:
    """Run a kernel with twins and on the device; its first array is what it writes."""
    arguments, device = make_arguments(), backends.get("cuda")
    kernel[1, WARP](*arguments)
    on_device = [device.from_host(one) for one in make_arguments()]
    kernel[1, WARP](*on_device)
    found, expected = backends.to_host(on_device[0]), arguments[0]
    difference = relative_difference(found, expected)
    is_right = difference <= tolerance
    if not tolerance:
        is_right = found.tobytes() == expected.tobytes()
    allowed = "no bit" if not tolerance else f"{tolerance:.0e}"
    text = f"{kernel.__name__} differs from its twins by {difference:.1e}"
    return judged(names, is_right, text, f"{text}; {allowed} may differ", difference=difference)
