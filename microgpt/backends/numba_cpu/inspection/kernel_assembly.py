"""The assembly of kernels by name, each compiled anew: code from the cache does not show itself."""

from typing import Any

import numba
from numba import types
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature

from microgpt.backends.numba_cpu import load
from microgpt.backends.numba_cpu.attention import KernelLadder
from microgpt.backends.numba_cpu.inspection.signatures import SIGNATURES
from microgpt.backends.numba_cpu.jit.check import Check
from microgpt.backends.numba_cpu.jit.compile import FLAGS
from microgpt.backends.numba_cpu.jit.kernel import Kernel
from microgpt.backends.numba_cpu.matmul import GemmKernel
from microgpt.backends.numba_cpu.matmul.blocking import gemm_block_function, tiles_function

_SCALARS: dict[str, Any] = {"int": types.int64, "float": types.float64}
_DTYPES: dict[str, Any] = {
    "f": types.float32,
    "d": types.float64,
    "i": types.int32,
    "l": types.int64,
    "b": types.boolean,
    "c": types.int8,
}

# Sizes by which a ladder's usual kernel is chosen: a text of letters, heads as GPT-2's half.
USUAL_T, USUAL_D = 64, 32


def compiled_kernels() -> dict[str, Any]:
    """Every kernel by name; a ladder's by its name, for usual sizes, and `name/file` for each."""
    kernels: dict[str, Any] = {}
    for name, kernel in load().kernels.items():
        if isinstance(kernel, KernelLadder):
            kernels[name] = kernel.select_kernel(USUAL_T, USUAL_D)
            for _, rung in kernel.ladder:
                file = rung.function.__module__.rpartition(".")[2]
                kernels[f"{name}/{file}"] = rung
        elif isinstance(kernel, Kernel | Check):
            kernels[name] = kernel
    return kernels


def assembly_texts(name: str) -> list[str]:
    """The assembly texts of a kernel, and of what a product calls by name, if it is one."""
    kernel = compiled_kernels()[name]
    flags: dict[str, Any] = dict(getattr(kernel, "flags", FLAGS))
    flags |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    dispatcher: Any = numba.njit(**flags)(kernel.function)
    dispatcher.compile(argument_types(name))
    (overload,) = dispatcher.overloads.values()
    texts = [overload.library.assembly]
    if isinstance(kernel, GemmKernel):
        for function, signature in (gemm_block_function(types.float32), tiles_function()):
            called: Any = CFunc(function, normalize_signature(signature), locals={}, options=FLAGS)
            called.compile()
            texts.append(called._library.assembly)
    return texts


def argument_types(name: str) -> tuple[types.Type, ...]:
    """Numba's types of a kernel's arguments."""
    return tuple(map(_numba_type, SIGNATURES[name.partition("/")[0]]))


def _numba_type(name: str) -> types.Type:
    if name in _SCALARS:
        return _SCALARS[name]
    return types.Array(_DTYPES[name[0]], int(name[1:]), "C")
