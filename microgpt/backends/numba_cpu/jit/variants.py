"""Variants of kernels by name, so that another process can compile them into the cache.

A launch compiles its kernel for the types of its arguments. Here that variant is named first, from
a launch on any back end with NumPy's arrays, and compiled without a launch.
"""

from importlib import import_module
from typing import Any, NamedTuple

import numba

from microgpt.backends.numba_cpu.jit.parallel_region import region_runner
from microgpt.backends.numba_cpu.jit.rows import row_runner


class KernelVariant(NamedTuple):
    """A loop nest by module and name, for arguments of these types."""

    module: str
    name: str
    types: tuple[Any, ...]  # Numba's


def variant_of(kernel: Any, arguments: tuple) -> KernelVariant:
    """The variant that a launch of a kernel, a ladder of kernels or a check would compile."""
    if hasattr(kernel, "rung_for"):
        kernel = kernel.rung_for(arguments)
    function, types = kernel.function, tuple(map(numba.typeof, arguments))
    return KernelVariant(function.__module__, function.__name__, types)


def compile_variant(variant: KernelVariant) -> None:
    """Compile a variant into the cache, unless it is there."""
    kernel = getattr(import_module(variant.module), variant.name)
    kernel.serial.compile(variant.types)


def compile_runners() -> None:
    """Compile what makes the launches of a recording, and shares them between threads."""
    row_runner()
    region_runner()


def by_module(variants: list[KernelVariant]) -> list[KernelVariant]:
    """The variants in the order in which several processes should take them.

    The first of each module goes ahead: it may leave in the cache what the module's others need.
    """
    first = {variant.module: variant for variant in reversed(variants)}
    ahead = [variant for variant in variants if first[variant.module] is variant]
    return ahead + [variant for variant in variants if first[variant.module] is not variant]
