"""A run limited to an instruction set: what each library is told, and whether it obeys."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from microgpt.benchmark import instruction_sets, worker_pool
from microgpt.benchmark.implementations import Implementation
from microgpt.benchmark.instruction_sets import (
    AVX2,
    AVX512,
    NATIVE,
    OF_MACHINE,
    check_instruction_set,
    disobedience,
    limiting_variables,
)
from microgpt.benchmark.machine_info import simd_extension
from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.table import describe_machine
from microgpt.benchmark.worker_pool import WorkerPool
from microgpt.benchmark.worker_process import WorkerProcess, worker_command, worker_environment
from microgpt.benchmark.workload_inputs import Task
from microgpt.benchmark.workloads import WORKLOADS
from microgpt.errors import SettingError

OURS = Implementation("replayed", "ours", 2, {"engine": "tensor", "backend": "numba"})
MACHINE = {"cpu": "a", "simd": "AVX2", "cores": 2, "memory_gib": 1, "system": "b", "python": "3"}


@pytest.mark.parametrize(
    ("simd", "name", "expected"),
    [
        ("AVX2", AVX512, "one that this machine has: native, avx2; got 'avx512'"),
        ("NEON", AVX2, "one that this machine has: native; got 'avx2'"),
        ("AVX-512", "sse", "avx512"),
    ],
)
def test_an_instruction_set_must_be_the_machines(monkeypatch, simd, name, expected):
    monkeypatch.setattr(instruction_sets, "simd_extension", lambda: simd)
    check_instruction_set(NATIVE)
    with pytest.raises(SettingError, match=expected):
        check_instruction_set(name)


def test_every_library_is_told_in_its_own_words():
    for library in ("", "torch", "jax"):
        assert limiting_variables(NATIVE, library) == {}
    assert limiting_variables(AVX2, "jax") == {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}
    assert limiting_variables(AVX512, "torch")["ONEDNN_MAX_CPU_ISA"] == "AVX512_CORE"
    ours = limiting_variables(AVX2, "")
    assert "avx512" not in ours["NUMBA_CPU_FEATURES"]
    assert "+avx512f" in limiting_variables(AVX512, "")["NUMBA_CPU_FEATURES"]


def test_a_workers_own_flags_stay():
    one_thread = Implementation("jax", "", 1, {}, "jax")
    flags = worker_environment(one_thread, 2, AVX2)["XLA_FLAGS"]
    assert flags == "--xla_cpu_multi_thread_eigen=false --xla_cpu_max_isa=AVX2"
    assert "XLA_FLAGS" not in worker_environment(Implementation("jax", "", 2, {}, "jax"), 2)


def test_who_does_not_obey_is_named():
    assert disobedience(AVX2, {"a": AVX2, "b": AVX2}) == disobedience(NATIVE, {"a": AVX512}) == ""
    sentence = disobedience(AVX2, {"a": AVX2, "b": AVX512, "c": "SSE"})
    assert sentence == "limited to AVX2, but b uses AVX-512, c uses SSE"


@pytest.mark.slow
def test_our_own_libraries_obey(tmp_path):
    isa = AVX2 if simd_extension().startswith("AVX") else NATIVE
    environment = worker_environment(OURS, 2, isa)
    with WorkerProcess(worker_command(OURS, ""), environment, tmp_path / "log") as worker:
        used = worker.call("instructions", task=OURS.options)["used"]
    assert set(used) == {"NumPy", "OpenBLAS", "Numba"}
    assert disobedience(isa, used) == ""


@pytest.mark.parametrize(("isa", "error"), [(AVX512, ""), (AVX2, "limited to AVX2, but Fake uses")])
def test_a_worker_that_does_not_obey_is_not_measured(
    isa, error, tmp_path, fake_command, monkeypatch
):
    monkeypatch.setattr(worker_pool, "worker_command", lambda *_: fake_command)  # says AVX-512
    measurement = Measurement(WORKLOADS["batch"], Implementation("numpy", "NumPy", 1))
    task = Task("", {"seconds": 0.25, "count": 1})
    with WorkerPool(tmp_path, 1, "", isa) as pool:
        pool.prepare(measurement, task)
        pool.run_block(measurement, task, 0.0)
    assert measurement.error.startswith(error)
    assert bool(measurement.blocks) is not bool(error)


def test_the_table_says_what_the_run_was_limited_to():
    results = Results(machine=MACHINE | {"microgpt": "1", "isa": AVX2})
    assert describe_machine(results).endswith("; limited to AVX2.")
    for used in ({"NumPy": AVX2}, {"NumPy": AVX2, "XLA": AVX2}):
        measurement = Measurement(WORKLOADS["batch"], OURS, metadata={"instructions": used})
        results.measurements.append(measurement)
    assert describe_machine(results).endswith("; limited to AVX2, as NumPy, XLA say.")


EXACT_TESTS = [
    "tests/test_reference.py::test_tensors_give_the_trace",
    "tests/models/test_gpt2.py::test_logits_loss_and_gradients_are_hugging_face_s",
    "tests/models/test_gpt2.py::test_a_hundred_captured_steps_follow_pytorch_s_loss_curve",
    "tests/backends/numba_cpu/test_matmul.py",
]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("isa", [AVX2, AVX512])
def test_traces_and_goldens_hold_on_each(isa):
    if isa not in OF_MACHINE.get(simd_extension(), ()):
        pytest.skip(f"this machine has no {isa}")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", *EXACT_TESTS]
    result = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        env=os.environ | limiting_variables(isa, ""),
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-4000:]
    assert " passed" in result.stdout
