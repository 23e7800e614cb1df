"""Every kernel, as compilers for GPUs take it: within its registers, and in its own dtype.

Compiled for three compute capabilities, without a GPU. Whether a GPU then computes the right thing
cannot be seen so; what a kernel computes, the interpreter says.
"""

import inspect
import math
import re
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from absent_libraries import without
from kernel_launches import (
    HEAD_SIZES,
    every_variant,
    kernels_in_modules,
    thread_definitions,
)

from microgpt.backends.numba_cuda import _device, _launch
from microgpt.backends.numba_cuda._compile import ArgumentType, Binder, assemble, type_of
from microgpt.errors import BackendUnavailable, SettingError

FAMILIES = tuple(thread_definitions())
REGISTERS_OF_BLOCK = 65_536  # that a multiprocessor has: a block that needs more is not launched

# Compiler, compute capability, dtype. Both dtypes are compiled for the newest; a second compiler
# finds what the first one forgives.
TARGETS = (
    ("numba-cuda", (7, 5), "float32"),
    ("numba-cuda", (8, 0), "float32"),
    ("numba-cuda", (9, 0), "float32"),
    ("numba-cuda", (9, 0), "float64"),
    ("mlir", (9, 0), "float32"),
)

# Kernels that compute in float64 on float32 arrays, and why they may.
FLOAT64_KERNELS = {
    "loss._masked_mean_forward": "one block; a mean of many losses loses digits in float32",
    "optim._adamw_factors": "one thread; 1 − beta2 ** step is all cancellation at first",
    "optim._clip_factor": "one thread; the norm is float64 on every back end",
    "optim._sqrt": "one thread; the norm is float64 on every back end",
    "optim._square_shares": "a sum over all parameters loses digits in float32",
    "optim._add_shares": "one thread; it adds up those sums",
    "sampling.ranked.sample_ranked": "draws the token that the CPU draws, whose sums are float64",
    "sampling.searched.sample_searched": "draws the token that the CPU draws",
}


@cache
def variants():
    return every_variant()


@cache
def binder(compiler_name, cc):
    """A Binder; without the compiler the test says what to install, and fails in CI."""
    try:
        return Binder(_device.load_compiler(compiler_name), cc)
    except BackendUnavailable as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


# -- with a compiler -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: "-".join(map(str, target)))
def test_kernels_fit_their_registers_and_their_dtype(target, family):
    name, cc, dtype = target
    faults = []
    for variant, block in variants().items():
        if variant.family == family and variant.dtype == dtype:
            ptx = binder(name, cc).ptx(variant.kernel.function, variant.types)
            budget = variant.kernel.registers
            code = assemble(ptx, cc, budget)
            if code.stack_bytes or code.spilled_bytes:
                faults.append(
                    f"{variant}: {code.stack_bytes} bytes of stack with {budget} registers"
                )
            if code.registers * block > REGISTERS_OF_BLOCK:
                faults.append(f"{variant}: {code.registers} registers for {block} threads")
            if doubles := float64_instructions(ptx):
                if dtype == "float32" and variant.name not in FLOAT64_KERNELS:
                    faults.append(f"{variant}: {doubles} in float64")
    assert not faults, "\n".join(faults)


def float64_instructions(ptx):
    """Instructions that compute in float64; a float64 argument may be rounded to float32."""
    ...
