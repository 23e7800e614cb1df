"""The maths: every kernel in whole-array NumPy, the reference for the other back ends."""

import importlib
from types import ModuleType
from typing import Any

from microgpt.backends.dispatch import AnyKernel, Backend, PythonKernel

FAMILIES = (
    "arithmetic",
    "activation",
    "reduce",
    "matmul",
    "quantized",
    "softmax",
    "norm",
    "embedding",
    "attention",
    "dropout",
    "loss",
    "shape",
    "selection",
    "optim",
    "sampling",
)


def kernels_of(package: str) -> dict[str, AnyKernel]:
    """Every kernel of a back end's family modules, by name."""
    kernels: dict[str, AnyKernel] = {}
    for family in FAMILIES:
        kernels |= kernels_in(importlib.import_module(f"{package}.{family}"))
    return kernels


def kernels_in(module: ModuleType) -> dict[str, AnyKernel]:
    """The functions `…_forward`, `…_backward`, `…_` and `check_…` of a module or its submodules."""
    return {
        name: function if hasattr(function, "select_variant") else PythonKernel(function)
        for name, function in vars(module).items()
        if name.endswith(("_forward", "_backward", "_")) or name.startswith("check_")
        if not name.startswith("_") and _is_from(module, function)
    }


def _is_from(module: ModuleType, function: Any) -> bool:
    """Whether it is written there, not imported from another family."""
    return getattr(function, "function", function).__module__.startswith(module.__name__)


def load() -> Backend:
    return Backend("numpy", kernels_of(__name__))
