"""The kernels of all back ends: one set of names and arguments, compiled once, the same bits."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from attention_runs import backward, forward, make_inputs
from cases import CASES

import microgpt as mg
from microgpt import backends
from microgpt.backends import numba_cpu, numba_cuda
from microgpt.backends.dispatch import check_arguments
from microgpt.backends.numba_cpu.jit import compile as jit_compile
from microgpt.backends.numba_cpu.jit import kernel as jit_kernel
from microgpt.backends.numba_cpu.matmul.llvm_simd import LANES
from microgpt.backends.numpy_ref import FAMILIES, kernels_in
from microgpt.errors import DtypeError, ShapeError

# Kernels that no case reaches, with the test file that does.
ELSEWHERE = {
    "fill_": "test_arithmetic",
    "increment_position_": "test_attention",
    "decode_self_attention_": "test_attention",
    "sample_": "test_sampling",
    "kv_cache_write_": "sampling/test_kv_cache",
    "decode_attention_forward": "sampling/test_generation",
    "sgd_step_": "optim/test_base",
    "adam_step_": "test_optim",
    "adamw_step_": "test_optim",
    "increment_step_": "optim/test_adam",
    "sum_of_squares_": "test_optim",
    "root_of_sum_": "test_optim",
    "clip_by_norm_": "test_optim",
    "check_tokens": "test_embedding",
    "check_position": "ops/test_regressions",
    "check_targets": "test_embedding",
    "dropout_next_state_": "nn/test_dropout",
    "quantized_linear_forward": "test_quantized",
    "quantized_embedding_forward": "test_quantized",
    "quantized_token_position_embedding_forward": "test_quantized",
}


def functions(package):
    """Every kernel's Python function, by family."""
    result = {}
    for family in FAMILIES:
        module = importlib.import_module(f"microgpt.backends.{package}.{family}")
        result[family] = {n: k.function for n, k in kernels_in(module).items()}
    return result


def test_names_and_arguments_are_the_same_in_every_back_end():
    maths, loops = functions("numpy_ref"), functions("numba_cpu")
    threads = functions("numba_cuda")
    missing = {n for family in FAMILIES for n in maths[family].keys() - threads[family].keys()}
    assert missing == {"check_tokens", "check_targets", "check_position"}
    assert all(f"`{name}`" in numba_cuda.__doc__ for name in missing)
    for family in FAMILIES:
        assert threads[family].keys() <= maths[family].keys(), family
        for name, function in threads[family].items():
            own = list(inspect.signature(function).parameters)
            assert own == list(inspect.signature(maths[family][name]).parameters), name
        assert maths[family].keys() == loops[family].keys(), family
        for name, function in maths[family].items():
            own = list(inspect.signature(loops[family][name]).parameters)
            assert own == list(inspect.signature(function).parameters), name


def test_every_kernel_has_a_case():
    names = {name for family in functions("numpy_ref").values() for name in family}
    covered = {f"{stem}_{way}" for case in CASES for stem in case.kernels
               for way in ("forward", "backward")}  # fmt: skip
    covered |= {"accumulate_"}
    assert names == (covered & names) | set(ELSEWHERE)


FLOAT64_ARITHMETIC = re.compile(r"= f(?:add|sub|mul|div|cmp)[a-z ]* (?:<\d+ x )?double.*")


def compiled_code():
    """The name and LLVM code of all that is compiled here for float32.

    Of what comes from the cache, only the module for linking is left: the optimised one.
    """
    for kernel in backends.get("numba").kernels.values():
        for variant in [rung for _, rung in getattr(kernel, "ladder", [(None, kernel)])]:
            overloads = variant.serial.overloads.values() if "serial" in vars(variant) else ()
            for overload in overloads:
                signature = str(overload.signature)  # other tests may have mixed the two
                if "Array(float32" in signature and "Array(float64" not in signature:
                    code = str(overload.library._get_module_for_linking())
                    yield variant.function.__name__, code
    for block in jit_compile._cfuncs:
        if "float32" in str(block._sig):
            yield "gemm_block", str(block._library._get_module_for_linking())


def test_float32_kernels_compute_in_float32_and_in_vectors():
    """But for a named few, whose sums or settings are float64."""
    allowed = {"adam_step_", "adamw_step_", "sgd_step_", "clip_by_norm_", "sum_of_squares_",
               "root_of_sum_", "masked_mean_forward", "increment_step_", "sample_",
               "decode_attention_forward"}  # fmt: skip
    with backends.using("numba") as numba:
        for case in CASES:
            tensors = [mg.Tensor(a, requires_grad=True, dtype="float32") for a in case.inputs(5)]
            y = case.call(*tensors)
            y.backward(y.detach())
        for T in (8, 16, 33):  # a kernel each
            qkv, dy = make_inputs(1, T, 2, 4, "float32")
            backward(dy, *forward(qkv, 2), qkv, 2)
        keys, values = np.zeros((2, 1, 2, 4, 4), np.float32)
        new, position = np.ones((1, 24), np.float32), np.zeros(1, np.int32)
        numba.launch("decode_self_attention_", new[:, :8], keys, values, new, position, 2)
        q, weights = np.ones((2, 1, 2, 4), np.float32), np.zeros((1, 2, 4), np.float32)
        numba.launch("decode_attention_forward", q[0], weights, q[1], keys, values, position)
    code: dict[str, str] = {}
    for name, text in compiled_code():
        code[name] = code.get(name, "") + text
    assert len(code) > 50
    found = {name: FLOAT64_ARITHMETIC.findall(text)[:2] for name, text in code.items()}
    assert {name: lines for name, lines in found.items() if lines and name not in allowed} == {}
    attention = ["forward_transposed", "decode_self_attention_"]
    attention += [
        f"{way}_{rung}" for way in ("forward", "backward") for rung in ("small_heads", "blocked")
    ]
    for name in attention:
        assert re.search(r"= fmul[a-z ]* <16 x float>", code[name]), name
    assert f"<{LANES} x float>" in code["gemm_block"]


def test_training_compiles_each_kernel_once_per_dtype():
    code = """
import warnings
import microgpt as mg
from microgpt import backends, reference
for dtype in ("float32", "float64"):
    reference.run(mg.load_corpus("names-mini").documents, num_steps=60, engine="tensor",
                  backend="numba", dtype=dtype, num_samples=3)
for name, kernel in backends.get("numba").kernels.items():
    if "serial" in vars(kernel):
        print(name, len(kernel.serial.signatures))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in result.stdout.splitlines()]
    assert len(rows) > 15
    mixed = {"fill_": 3}  # float64 state beside float32 weights, and the other way round
    for name, count in rows:
        assert int(count) <= mixed.get(name, 2), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_thread_and_several_compute_the_same_bits(dtype, monkeypatch):
    results = []
    for limit in (10**12, 1):
        monkeypatch.setattr(jit_kernel, "PARALLEL_FROM", limit)
        with backends.using("numba"):
            results.append([])
            for case in CASES:
                tensors = [mg.Tensor(a, requires_grad=True, dtype=dtype) for a in case.inputs(31)]
                y = case.call(*tensors)
                y.backward(y.detach())
                results[-1] += [y.numpy(), *(tensor.grad for tensor in tensors)]
    for serial, parallel in zip(*results, strict=True):
        np.testing.assert_array_equal(serial, parallel)


def test_loops_that_threads_share_stand_in_kernels_alone():
    """A function that a kernel calls is not told the kernel's share, and would do all of a loop."""
    root = Path(numba_cpu.__file__).parent
    found = 0
    for file in root.rglob("*.py"):
        for function in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef) or file.name == "prange.py":
                continue
            names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            if "prange" in names:
                decorators = "".join(map(ast.unparse, function.decorator_list))
                assert "kernel" in decorators, f"{file.name}: {function.name}"
                found += 1
    assert found > 50


def test_what_numba_lacks_is_numpys(monkeypatch):
    from microgpt.backends import numba_cpu
    from microgpt.backends.numba_cpu import activation

    monkeypatch.delattr(activation, "tanh_forward")
    loaded = numba_cpu.load()
    assert set(loaded.kernels) == set(backends.get("numpy").kernels)
    x, y = np.array([0.5]), np.empty(1)
    loaded.launch("tanh_forward", y, x)
    assert y[0] == np.tanh(0.5)


def test_debug_mode_refuses_what_would_compile_again():
    x = np.zeros((4, 4), np.float32)
    with pytest.raises(ShapeError, match="not C-contiguous"):
        check_arguments("k", (x, x.T))
    with pytest.raises(DtypeError, match="int16"):
        check_arguments("k", (x.astype(np.int16),))
    with pytest.raises(DtypeError, match="str"):
        check_arguments("k", (x, "a"))
    x.flags.writeable = False
    with pytest.raises(ShapeError, match="cannot be written"):
        check_arguments("k", (x,))


def test_memory_is_poisoned_here():
    fresh = backends.get("numpy").empty(3, "float32")
    assert np.isnan(fresh).all()


def test_the_exponential_in_float32():
    with backends.using("numba") as k:
        x = np.linspace(-87, 88, 100_001).astype(np.float32)
        y = np.empty_like(x)
        k.launch("exp_forward", y, x)
        expected = np.exp(x.astype(np.float64))
        assert np.max(np.abs(y / expected - 1)) < 2e-7
        ends = np.array([-np.inf, -1000, 100, np.inf, np.nan], np.float32)
        out = np.empty_like(ends)
        k.launch("exp_forward", out, ends)
        np.testing.assert_array_equal(out, [0, 0, np.inf, np.inf, np.nan])


def test_stateful_kernels_are_named_so():
    for family in functions("numpy_ref").values():
        for name, function in family.items():
            assert re.fullmatch(r"check_\w+|\w+_(forward|backward)|\w+_", name)
            assert function.__module__.startswith("microgpt.backends.")
