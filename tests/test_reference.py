"""The microgpt recipe against the numbers of its original program."""

import hashlib
import json
import math
import struct

import numpy as np
import pytest

import microgpt as mg
from microgpt import reference

TRACE_LIBM = "d748ef07bd82"


@pytest.fixture(scope="module")
def trace(fixtures):
    return json.loads((fixtures / "microgpt" / "trace.json").read_text())


@pytest.fixture(scope="module")
def names(data):
    return (data / "names.txt").read_text().split("\n")


def libm_fingerprint():
    """A digest of the bits that this machine's exp, log and pow give; C libraries differ in some.

    The trace was made with glibc 2.28 or newer on x86-64 with FMA.
    """
    numbers = [0.37 + 0.0173 * k for k in range(2000)]
    results = [f(x) for x in numbers for f in (math.exp, math.log, lambda x: x**-0.5)]
    return hashlib.sha256(struct.pack(f"{len(results)}d", *results)).hexdigest()[:12]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_values_give_the_trace_to_the_last_bit(names, trace):
    run = reference.run(names, engine="value")
    found = libm_fingerprint()
    print(f"C library: fingerprint {found}, the trace's is {TRACE_LIBM}")
    if found == TRACE_LIBM:
        assert run.losses == trace["losses"]
    else:
        np.testing.assert_allclose(run.losses, trace["losses"], rtol=0, atol=1e-12)
    assert run.samples == trace["samples"]
    weights = [w for matrix in run.parameters.values() for row in matrix for w in row]
    assert len(weights) == 4192
    assert sum(weights) == pytest.approx(trace["sum_params"], abs=1e-9)
    assert sum(map(abs, weights)) == pytest.approx(trace["sum_abs_params"], abs=1e-9)


@pytest.mark.parametrize("capture", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_tensors_give_the_trace(backend, names, trace, dtype, tolerance, capture):
    run = reference.run(names, engine="tensor", backend=backend, dtype=dtype, capture=capture)
    assert len(run.losses) == 1000
    np.testing.assert_allclose(run.losses, trace["losses"], rtol=0, atol=tolerance)
    if dtype == "float64":
        assert run.samples == trace["samples"]
        total = sum(np.abs(w).sum() for w in run.parameters.values())
        assert total == pytest.approx(trace["sum_abs_params"], abs=1e-9)


@pytest.mark.slow
def test_another_size_and_seed(backend):
    names = mg.load_corpus("names-mini").documents
    options = {"seed": 7, "num_steps": 50, "n_layer": 2, "n_embd": 24, "n_head": 4}
    value = _value_run(names, options)
    tensor = reference.run(names, engine="tensor", backend=backend, **options)
    np.testing.assert_allclose(tensor.losses, value.losses, rtol=0, atol=1e-12)
    assert tensor.samples == value.samples
    for name, weights in value.parameters.items():
        np.testing.assert_allclose(tensor.parameters[name], weights, rtol=0, atol=1e-10)


_runs = {}


def _value_run(names, options):
    key = tuple(options.items())
    if key not in _runs:
        _runs[key] = reference.run(names, engine="value", **options)
    return _runs[key]


def test_the_list_may_end_before_the_steps_and_blanks_are_dropped(backend):
    run = reference.run(
        ["anna", "", "  bo ", "\n"], num_steps=7, num_samples=2, engine="tensor", backend=backend,
        block_size=4,
    )  # fmt: skip
    assert len(run.losses) == 7
    assert all(len(sample) <= 4 for sample in run.samples)
    assert run.parameters["wte.weight"].shape == (5, 16)


def test_refusals():
    with pytest.raises(mg.SettingError, match="one of 'value', 'tensor'"):
        reference.run(["anna"], engine="torch")
    with pytest.raises(mg.SettingError, match="temperature must be above 0"):
        reference.run(["anna"], temperature=0)
    with pytest.raises(mg.TokenError, match="corpus is empty"):
        reference.run(["", " "])
