"""The maths: every kernel in whole-array NumPy, the reference for the other back ends."""

import importlib
from types import ModuleType

from microgpt.backends.launching import Backend, Kernel

FAMILIES = (
    "arithmetic",
    "activation",
    "reduce",
    "matmul",
    "softmax",
    "norm",
    "embedding",
    "attention",
    "loss",
    "shape",
    "optim",
)


def kernels_of(package: str) -> dict[str, Kernel]:
    """Every kernel of a back end's family modules, by name."""
    kernels: dict[str, Kernel] = {}
    for family in FAMILIES:
        module = importlib.import_module(f"{package}.{family}")
        kernels |= {name: getattr(module, name) for name in kernel_names(module)}
    return kernels


def kernel_names(module: ModuleType) -> list[str]:
    """The names in a module that are kernels: `…_forward`, `…_backward`, `…_` and `check_…`."""
    return [
        name
        for name, thing in vars(module).items()
        if callable(thing)
        and (name.endswith(("_forward", "_backward", "_")) or name.startswith("check_"))
        and not name.startswith("_")
    ]


def load() -> Backend:
    return Backend("numpy", kernels_of(__name__))
