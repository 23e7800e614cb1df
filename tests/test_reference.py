"""The microgpt recipe against the numbers of its original program, on each engine."""

import gc
import json
import subprocess
import sys

import numpy as np
import pytest
from absent_libraries import without
from microgpt_trace import TRACE_LIBM, libm_fingerprint

import microgpt as mg
from microgpt import reference
from microgpt.cli import main


@pytest.fixture(scope="module")
def trace(fixtures):
    return json.loads((fixtures / "microgpt" / "trace.json").read_text())


@pytest.fixture(scope="module")
def names(data):
    return (data / "names.txt").read_text().split("\n")


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


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_left_as_it_was(enabled):
    """Also after an error."""
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        reference.run(["anna"], num_steps=1, num_samples=1, engine="tensor", backend="numpy")
        assert gc.isenabled() is enabled

        def interrupt(step, loss):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            reference.run(
                ["anna"], num_steps=1, engine="tensor", backend="numpy", on_step=interrupt
            )
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_refusals():
    with pytest.raises(mg.SettingError, match="one of 'value', 'tensor'"):
        reference.run(["anna"], engine="torch")
    with pytest.raises(mg.SettingError, match="temperature must be above 0"):
        reference.run(["anna"], temperature=0)
    with pytest.raises(mg.TokenError, match="corpus is empty"):
        reference.run(["", " "])


def test_the_trace_to_the_last_bit(data, fixtures):
    trace = json.loads((fixtures / "microgpt" / "trace.json").read_text())
    names = (data / "names.txt").read_text().split("\n")
    run = reference.run(names, engine="tape")
    if libm_fingerprint() == TRACE_LIBM:
        assert run.losses == trace["losses"]
    else:
        np.testing.assert_allclose(run.losses, trace["losses"], rtol=0, atol=1e-12)
    assert run.samples == trace["samples"]
    weights = [w for name in WEIGHTS for w in run.parameters[name].ravel().tolist()]
    assert len(weights) == 4192
    assert sum(weights) == pytest.approx(trace["sum_params"], abs=1e-9)
    assert sum(map(abs, weights)) == pytest.approx(trace["sum_abs_params"], abs=1e-9)
    if libm_fingerprint() == TRACE_LIBM and sys.version_info < (3, 12):  # else sums compensate
        assert (sum(weights), sum(map(abs, weights))) == (
            trace["sum_params"], trace["sum_abs_params"],
        )  # fmt: skip


WEIGHTS = [f"{name}.weight" for name in (
    "wte", "wpe", "lm_head", "h.0.attn.c_attn", "h.0.attn.c_proj", "h.0.mlp.c_fc", "h.0.mlp.c_proj"
)]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 7, "num_steps": 3, "n_layer": 2, "n_embd": 12, "n_head": 3, "num_samples": 1},
        {"seed": 1, "num_steps": 12, "n_embd": 8, "n_head": 1, "block_size": 5},
    ],
    ids=str,
)
def test_another_size_and_seed_equal_value_bit_for_bit(options):
    names = mg.load_corpus("names-mini").documents
    value = reference.run(names, engine="value", **options)
    taped = reference.run(names, engine="tape", **options)
    assert taped.losses == value.losses
    assert taped.samples == value.samples
    for name, weights in value.parameters.items():
        np.testing.assert_array_equal(taped.parameters[name], weights)


def test_samples_may_be_longer_than_any_document():
    names, options = ["ab", "ba", "bb"], {"num_steps": 2, "n_embd": 4, "n_head": 1}
    options |= {"block_size": 12, "num_samples": 60}
    value = reference.run(names, engine="value", **options)
    taped = reference.run(names, engine="tape", **options)
    assert max(map(len, value.samples)) > 6
    assert taped.samples == value.samples


def test_without_numba_the_back_end_is_unavailable():
    code = """
from microgpt import reference
try:
    reference.run(["anna"], engine="tape")
except Exception as error:
    print(type(error).__name__, error)
"""
    result = subprocess.run(
        [sys.executable, "-c", without("numba", "llvmlite") + code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith("BackendUnavailable the back end 'numba' needs numba, which is")


def test_the_command(data, monkeypatch, capsys):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    assert main(["reference", "--engine", "tape", "--steps", "3"]) == 0
    assert "step    1  loss 3.4242727838717717" in capsys.readouterr().out
    assert main(["reference", "--engine", "tape", "--replay"]) == 1
    assert (
        "--engine must be tensor with --replay, as others have nothing to replay"
        in capsys.readouterr().err
    )
