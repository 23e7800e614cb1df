"""The kernels of all back ends: one set of names and arguments, compiled once, the same bits."""

import importlib
import inspect
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from cases import CASES

from microgpt import backends
from microgpt.backends.dispatch import check_arguments
from microgpt.backends.numpy_ref import FAMILIES, kernels_in
from microgpt.errors import DtypeError, ShapeError

# Kernels that no case reaches, with the test file that does.
ELSEWHERE = {
    "fill_": "everywhere",
    "increment_position_": "here",
    "sample_": "backends/test_sampling",
    "kv_cache_write_": "sampling/test_kv_cache",
    "decode_attention_forward": "sampling/test_generation",
    "sgd_step_": "optim/test_base",
    "adam_step_": "optim/test_adam",
    "adamw_step_": "optim/test_adam",
    "decode_self_attention_": "test_attention",
    "increment_step_": "optim/test_adam",
    "sum_of_squares_": "optim/test_base",
    "sqrt_": "optim/test_base",
    "clip_by_norm_": "optim/test_base",
    "check_tokens": "test_tensor",
    "check_position": "test_regressions",
    "dropout_next_state_": "test_dropout",
    "check_targets": "test_tensor",
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
    for family in FAMILIES:
        assert list(maths[family]) == list(loops[family]), family
        for name, function in maths[family].items():
            own = list(inspect.signature(loops[family][name]).parameters)
            assert own == list(inspect.signature(function).parameters), name


def test_every_kernel_has_a_case():
    names = {name for family in functions("numpy_ref").values() for name in family}
    covered = {f"{stem}_{way}" for case in CASES for stem in case.kernels
               for way in ("forward", "backward")}  # fmt: skip
    covered |= {"accumulate_"}
    assert names == (covered & names) | set(ELSEWHERE)


def test_no_float_arithmetic_in_double_in_float32_kernels(tmp_path):
    """The compiled float32 kernels compute in float32, but for a named few."""
    allowed = {"adam_step_", "adamw_step_", "sgd_step_", "clip_by_norm_", "sum_of_squares_", "sqrt_",
               "masked_mean_forward", "increment_step_"}  # fmt: skip
    code = f"""
import json, re, sys
sys.path.insert(0, {str(os.path.dirname(__file__))!r})
from cases import CASES
import microgpt as mg
from microgpt import backends
mg.use("numba")
found = {{}}
for case in CASES:
    tensors = [mg.Tensor(a, requires_grad=True, dtype="float32") for a in case.inputs(5)]
    y = case.call(*tensors)
    y.backward(y.detach())
for name, kernel in backends.get("numba").kernels.items():
    if hasattr(kernel, "serial") and "serial" in vars(kernel):
        for signature, text in kernel.serial.inspect_llvm().items():
            lines = re.findall(r"= f(?:add|sub|mul|div|cmp)[a-z ]* (?:<\\d+ x )?double.*", text)
            found[name] = found.get(name, []) + lines[:2]
print(json.dumps(found))
"""
    environment = {**os.environ, "MICROGPT_CACHE": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    found = json.loads(result.stdout)
    assert len(found) > 40
    assert {name: lines for name, lines in found.items() if lines and name not in allowed} == {}


def test_training_compiles_each_kernel_once_per_dtype():
    code = """
import warnings
import microgpt as mg
from microgpt import backends, reference
for dtype in ("float32", "float64"):
    reference.run(mg.load_corpus("names-mini").documents, num_steps=60, engine="tensor",
                  backend="numba", dtype=dtype, num_samples=3)
for name, kernel in backends.get("numba").kernels.items():
    for variant in ("serial", "parallel"):
        if variant in vars(kernel):
            print(name, variant, len(vars(kernel)[variant].signatures))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in result.stdout.splitlines()]
    assert len(rows) > 15
    mixed = {"fill_": 3}  # float64 state beside float32 weights, and the other way round
    for name, _variant, count in rows:
        assert int(count) <= mixed.get(name, 2), name


def test_results_do_not_depend_on_the_number_of_threads():
    # Once before: Numba runs a parallel kernel that it has just compiled from other machine code
    # than the one it keeps, with other last digits.
    code = """
import hashlib, sys
import numba
numba.set_num_threads(int(sys.argv[1]))
import numpy as np
import microgpt as mg
from microgpt.backends.numba_cpu.jit import compile as jit_compile
jit_compile.PARALLEL_FROM = 1
mg.use("numba")
model = mg.GPT(mg.GPTConfig(n_embd=24, n_head=3, n_layer=2, block_size=13), seed=5)
optimizer = mg.Adam(model.parameters(), 0.01)
rng = np.random.default_rng(0)
digest = hashlib.sha256()
for step in range(12):
    tokens = rng.integers(0, 27, (7, 13))
    optimizer.zero_grad()
    loss = model.loss(tokens, np.roll(tokens, -1, 1))
    loss.backward()
    optimizer.step()
    digest.update(loss.numpy().tobytes())
for parameter in model.parameters():
    digest.update(parameter.numpy().tobytes())
assert numba.get_num_threads() == int(sys.argv[1])
print(digest.hexdigest(), numba.threading_layer())
"""
    environment = {**os.environ, "NUMBA_NUM_THREADS": "4"}
    results = [
        subprocess.run(
            [sys.executable, "-c", code, str(threads)],
            env=environment, capture_output=True, text=True, check=True,
        ).stdout
        for threads in (4, 1, 2, 3)
    ]  # fmt: skip
    assert len(set(results[1:])) == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_serial_and_parallel_variants_agree(dtype, monkeypatch):
    from microgpt.backends.numba_cpu.jit import compile

    results = []
    for limit in (10**12, 1):
        monkeypatch.setattr(compile, "PARALLEL_FROM", limit)
        with backends.using("numba"):
            import microgpt as mg

            results.append([])
            for case in CASES:
                tensors = [mg.Tensor(a, requires_grad=True, dtype=dtype) for a in case.inputs(31)]
                y = case.call(*tensors)
                y.backward(y.detach())
                results[-1] += [y.numpy(), *(tensor.grad for tensor in tensors)]
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    for serial, parallel in zip(*results, strict=True):
        np.testing.assert_allclose(serial, parallel, rtol=tolerance, atol=tolerance)


def test_advance(backend):
    k = backends.get(backend)
    position = np.array([3], np.int32)
    k.launch("increment_position_", position, 2)
    assert position[0] == 5


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
