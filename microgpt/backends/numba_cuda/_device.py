"""The one door to a CUDA compiler: kernels take the name `cuda` from here, `_compile` the compiler.

Nothing is imported before something is compiled. MICROGPT_CUDA_COMPILER selects the compiler:
`numba-cuda`, or `mlir` (numba-cuda-mlir, which takes the same kernels and will succeed it).
"""

import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from microgpt.errors import BackendUnavailable, SettingError
from microgpt.interpreter import cuda

NUMBA_CUDA, MLIR = "numba-cuda", "mlir"
COMPILERS = {NUMBA_CUDA: "numba_cuda", MLIR: "numba_cuda_mlir"}  # and the packages that hold them
DISTRIBUTIONS = {NUMBA_CUDA: "numba-cuda", MLIR: "numba-cuda-mlir"}
VARIABLE = "MICROGPT_CUDA_COMPILER"
INSTALL = "pip install 'microgpt-lab[gpu-compile]'"
EXTRAS = 12, 13  # the versions of CUDA that have an extra of their own, such as [cuda13]

__all__ = [
    "COMPILERS", "Compiler", "compiler_name", "cuda", "is_installed", "load_compiler",
]  # fmt: skip


@dataclass(frozen=True)
class Compiler:
    """A compiler for GPUs: what kernels call `cuda`, and the types of their arguments."""

    name: str
    cuda: ModuleType
    types: ModuleType

    @contextmanager
    def pretend(self, cc: tuple[int, int]) -> Iterator[None]:
        """Let device functions be compiled for compute capability `cc`, without a device.

        Both compilers ask the current device what to compile device functions for; a machine
        without a driver has none.
        """
        if self.name == MLIR:
            answer: Any = cc
            module, name = "numba_cuda_mlir.tools", "_cached_cc"
        else:
            module, name = "numba.cuda.dispatcher", "get_current_device"
            answer = partial(SimpleNamespace, compute_capability=cc)
        asked = importlib.import_module(module)
        before = getattr(asked, name)
        setattr(asked, name, answer)
        try:
            yield
        finally:
            setattr(asked, name, before)


def compiler_name() -> str:
    """The compiler that MICROGPT_CUDA_COMPILER selects; `numba-cuda` where it is not set."""
    name = os.environ.get(VARIABLE) or NUMBA_CUDA
    if name not in COMPILERS:
        raise SettingError(VARIABLE, got=name, choices=tuple(COMPILERS))
    return name


def install_command(driver_major: int) -> str:
    """The command that installs a compiler for a driver of this version of CUDA."""
    oldest, newest = EXTRAS
    return f"pip install 'microgpt-lab[cuda{min(max(driver_major, oldest), newest)}]'"


def is_installed(name: str) -> bool:
    """Whether a compiler is installed; nothing is imported."""
    try:
        return importlib.util.find_spec(COMPILERS[name]) is not None
    except (ImportError, ValueError):
        return False


def load_compiler(name: str | None = None) -> Compiler:
    """Import a compiler, by default the selected one. Raises BackendUnavailable without it."""
    name = name or compiler_name()
    if not is_installed(name):
        raise BackendUnavailable(
            f"compiling for a GPU needs {DISTRIBUTIONS[name]}, which is not installed; run "
            f"`{INSTALL}`, or set {VARIABLE} to another compiler ({', '.join(COMPILERS)})"
        )
    return _load(name)


@cache
def _load(name: str) -> Compiler:
    if name == MLIR:
        package = COMPILERS[MLIR]
        cuda, types = (importlib.import_module(f"{package}.{m}") for m in ("cuda", "types"))
    else:
        vars(np).setdefault("row_stack", np.vstack)  # gone in NumPy 2.5; numba-cuda 0.30 names it
        cuda, types = (importlib.import_module(f"numba.{m}") for m in ("cuda", "types"))
    return Compiler(name, cuda, types)
