"""Every kernel, as compilers for GPUs take it: within its registers, and in its own dtype.

Compiled for three compute capabilities, without a GPU. Whether a GPU then computes the right thing
cannot be seen so; what a kernel computes is seen in the interpreter.
"""

import math
import os
import re
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from kernel_launches import every_variant, kernels_in_modules, thread_definitions

from microgpt.backends.numba_cuda import _device
from microgpt.backends.numba_cuda._compile import ArgumentType, Binder, assemble, type_of
from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import device
from microgpt.errors import BackendUnavailable, SettingError

FAMILIES = thread_definitions()
REGISTERS_OF_MULTIPROCESSOR = 65_536  # a block that needs more cannot be launched

# Each kernel once for the other compute capabilities, and in float64, which takes more registers.
TARGETS = {
    "8.0 float32": ((8, 0), "float32"),
    "9.0 float32": ((9, 0), "float32"),
    "7.5 float64": ((7, 5), "float64"),
}
# There are dozens of large tiles, of seconds each: all are compiled for the first GPUs that can run
# them, and one of each family for the newest, by both compilers.
ONLY = {"matmul.registers": (7, 5), "matmul.tensor_cores": (8, 0)}
OF_TOKEN_IDS = {("selection._clip_forward", "int32")}  # besides numbers
MAX_REGISTERS = 255  # of a thread, on every GPU

# Kernels that compute in float64 on float32 arrays, and why they may.
NORM = "one thread; a norm is float64 on every back end"
SAMPLING = "draws the token that `next_token` draws, from float64"
FLOAT64_KERNELS = {
    "loss._masked_mean_forward": "one block; float32 loses digits of a sum over all tokens",
    "optim._adamw_factors": "one thread; 1 − beta2 ** step loses its digits in float32",
    "optim._sum_of_squares": "float32 loses digits of a sum over all parameters",
    "optim._root_of_sum": NORM,
    "optim._clip_factor": NORM,
    "sampling.ranked.sample_ranked": SAMPLING,
    "sampling.searched.sample_searched": SAMPLING,
}


@cache
def variants():
    """Every variant and the threads of its largest block."""
    return every_variant()


@cache
def binder(name, cc):
    """What compiles for a target. Without the compiler this fails in CI, and skips elsewhere."""
    try:
        return Binder(_device.load_compiler(name), cc)
    except BackendUnavailable as error:
        return (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


def float64_instructions(ptx):
    """The instructions that compute in float64. To round an argument to float32 is none of them."""
    instructions = re.findall(r"^\s+(?:@!?%p\d+ )?([a-z][a-z0-9_.]*\.f64[a-z0-9.]*)", ptx, re.M)
    moves = re.compile(r"(ld|st|mov|selp)\.|cvt\.rn\.f32\.f64$")
    return sorted({name for name in instructions if not moves.match(name)})


def faults_of(binder, function, types, registers, block=32):
    """What is wrong with a kernel's machine code."""
    ptx = binder.ptx(function, types)
    code = assemble(ptx, binder.cc, registers)
    if code.stack_bytes or code.spilled_bytes:
        yield f"{code.stack_bytes} bytes of stack, {code.spilled_bytes} spilled, of {registers}"
    if code.registers > registers or code.registers * block > REGISTERS_OF_MULTIPROCESSOR:
        yield f"{code.registers} registers of {registers}, {block} threads"
    if names := float64_instructions(ptx):
        yield f"float64: {', '.join(names)}"


def assert_has_no_faults(variant, faults):
    """No fault; float64 is none where it is the arrays' dtype, or has a reason."""
    may_use_float64 = variant.dtype == "float64" or variant.name in FLOAT64_KERNELS
    found = [f for f in faults if not (may_use_float64 and f.startswith("float64"))]
    assert not found, f"{variant}: {'; '.join(found)}"


def first_variants(family, dtype):
    """One variant of each kernel of a family, and the threads of its largest block."""
    first = {}
    for variant, block in variants().items():
        if (variant.family, variant.dtype) == (family, dtype):
            first.setdefault(variant.name, (variant, block))
    return first.values()


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_variant_keeps_to_its_registers_and_to_its_dtype(family):
    """On the oldest GPU, for which code needs most registers."""
    compiler = binder("numba-cuda", ONLY.get(family, (7, 5)))
    for variant, block in variants().items():
        if (variant.family, variant.dtype) == (family, "float32"):
            kernel = variant.kernel
            faults = faults_of(compiler, kernel.function, variant.types, kernel.registers, block)
            assert_has_no_faults(variant, faults)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "family"),
    [(target, family) for target in TARGETS for family in FAMILIES if family not in ONLY],
)
def test_every_kernel_does_so_on_other_gpus_and_in_float64(target, family):
    cc, dtype = TARGETS[target]
    for variant, block in first_variants(family, dtype):
        compiler, kernel = binder("numba-cuda", cc), variant.kernel
        faults = faults_of(compiler, kernel.function, variant.types, kernel.registers, block)
        assert_has_no_faults(variant, faults)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["numba-cuda", "mlir"])
@pytest.mark.parametrize("family", ONLY)
def test_a_large_tile_compiles_for_the_newest_gpu_too(family, name):
    variant, block = next(iter(first_variants(family, "float32")))
    compiler, kernel = binder(name, (9, 0)), variant.kernel
    registers = kernel.registers if name == "numba-cuda" else MAX_REGISTERS
    faults = faults_of(compiler, kernel.function, variant.types, registers, block)
    assert_has_no_faults(variant, faults)


@pytest.mark.slow
@pytest.mark.parametrize("family", [family for family in FAMILIES if family not in ONLY])
def test_the_other_compiler_takes_every_kernel_too(family):
    """With as many registers as there are: it is three times as slow, and spills sooner."""
    for variant, _ in first_variants(family, "float32"):
        compiler, function = binder("mlir", (9, 0)), variant.kernel.function
        assert_has_no_faults(variant, faults_of(compiler, function, variant.types, MAX_REGISTERS))


# -- kernels that are wrong, each in one way -----------------------------------------------------


def doubled(y, x):
    i = cuda.grid(1)
    y[i] = x[i] * 0.1  # 0.5 would be exact in float32 too, and compilers know


def counted(y, x):
    i = cuda.grid(1)
    y[i] = x[i] * i


def stacked(y, x):
    f, i = x.dtype.type, cuda.grid(1)
    sums = cuda.local.array(4, x.dtype)
    for k in range(4):
        sums[k] = f(0)
    for n in range(x.size):
        sums[int(x[n])] += x[n]
    y[i] = sums[i % 4]


@device
def fifth_power(number):
    return number * number * number * number * number


def right(y, x):
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        y[i] = fifth_power(x[i]) + math.exp(x[i])


@pytest.mark.slow
@pytest.mark.parametrize("name", _device.COMPILERS)
def test_what_is_wrong_is_found(name):
    vectors = (ArgumentType("float32", 1), ArgumentType("float32", 1))

    def faults(function, registers=64):
        return " ".join(faults_of(binder(name, (9, 0)), function, vectors, registers))

    assert faults(right) == ""
    assert "float64: " in faults(doubled)
    assert "float64: " in faults(counted)
    assert "bytes of stack" in faults(stacked)
    block = " ".join(faults_of(binder(name, (9, 0)), right, vectors, 64, block=10_000))
    assert "10000 threads" in block


# -- without a compiler --------------------------------------------------------------------------


def test_no_kernel_is_forgotten():
    launched = {(v.family, v.kernel.__name__) for v in variants()}
    assert launched == {(module, name) for module, names in FAMILIES.items() for name in names}
    never = kernels_in_modules() - {variant.kernel for variant in variants()}
    assert not never, [kernel.function for kernel in never]


def test_a_kernel_is_compiled_once_for_each_dtype():
    """Another number of axes, or another type of number, would be compiled again, silently."""
    for dtype in ("float32", "float64"):
        of_dtype = [variant for variant in variants() if variant.dtype == dtype]
        kernels = [v.kernel for v in of_dtype if (v.name, v.types[0].dtype) not in OF_TOKEN_IDS]
        assert len(kernels) == len(set(kernels))


def test_float64_kernels_are_there():
    assert set(FLOAT64_KERNELS) <= {variant.name for variant in variants()}


def test_types_of_arguments():
    assert type_of(np.zeros((2, 3), np.int32)) == ("int32", 2)
    assert [type_of(n).dtype for n in (3, 0.5, np.float32(1))] == ["int64", "float64", "float32"]


def test_the_compiler_is_chosen_by_a_variable(monkeypatch):
    monkeypatch.delenv(_device.VARIABLE, raising=False)
    assert _device.compiler_name() == "numba-cuda"
    monkeypatch.setenv(_device.VARIABLE, "mlir")
    assert _device.compiler_name() == "mlir"
    monkeypatch.setenv(_device.VARIABLE, "nvcc")
    with pytest.raises(SettingError, match="must be one of 'numba-cuda', 'mlir'; got 'nvcc'"):
        _device.load_compiler()


@pytest.mark.parametrize("name", _device.COMPILERS)
def test_what_to_do_without_a_compiler(name, monkeypatch):
    monkeypatch.setattr(_device.importlib.util, "find_spec", lambda name: None)
    assert not _device.is_installed(name)
    with pytest.raises(BackendUnavailable, match=r"pip install 'microgpt-lab\[gpu-compile\]'"):
        _device.load_compiler(name)


def test_a_device_is_pretended_only_while_something_is_compiled(monkeypatch):
    asked = SimpleNamespace(get_current_device=len, _cached_cc=None)
    monkeypatch.setattr(_device.importlib, "import_module", lambda name: asked)
    for name, answer in (("numba-cuda", "get_current_device"), ("mlir", "_cached_cc")):
        before = getattr(asked, answer)
        with _device.Compiler(name, None, None).pretend((8, 0)):
            found = getattr(asked, answer)
            assert (found if name == "mlir" else found().compute_capability) == (8, 0)
        assert getattr(asked, answer) is before
