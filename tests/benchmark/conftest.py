"""Workers that are played by scripts, and results of a run that never took place."""

import os
import sys

import pytest

from microgpt.benchmark import runner, worker_process
from microgpt.benchmark.implementations import ENGINES, Implementation
from microgpt.benchmark.machine_info import machine_info
from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.worker_process import PEERS, WorkerProcess
from microgpt.benchmark.workloads import WORKLOADS

# A worker that takes as long as its task says, and fails as its task says.
FAKE_WORKER = f"""
import os, sys, time
sys.path.insert(0, {str(PEERS)!r})
from worker_protocol import Job, serve

def prepare(task):
    print("printed where answers go")
    if task.get("raises"):
        raise ValueError("two\\nlines")
    if task.get("dies"):
        print("its last words", file=sys.stderr, flush=True)
        os._exit(3)
    if task.get("sleeps"):
        time.sleep(60)
    return Job(lambda: task["seconds"], task["count"], metadata={{"threads": 1}})

serve(prepare, lambda task: {{"Fake": "avx512"}})
"""
# A peer that trains by our own code, at a learning rate `factor` times the one it was given.
FAKE_PEER = """
import sys
sys.path.insert(0, {peers!r})
from microgpt.benchmark.ours.arrays import train
from worker_protocol import serve

def prepare(task):
    task["optimizer"]["lr"] *= {factor}
    return train(task | {{"backend": "numpy"}})

serve(prepare, lambda task: {{"Fake": "avx512"}})
"""


@pytest.fixture
def fake_command(tmp_path):
    """The command line of the fake worker."""
    script = tmp_path / "fake_worker.py"
    script.write_text(FAKE_WORKER)
    return [sys.executable, str(script)]


@pytest.fixture
def worker(fake_command, tmp_path):
    with WorkerProcess(fake_command, dict(os.environ), tmp_path / "log", 20) as worker:
        yield worker


@pytest.fixture
def fake_peer(tmp_path, monkeypatch):
    """A stand-in for PyTorch; called with the factor of its learning rate."""

    def write(factor):
        script = FAKE_PEER.format(peers=str(PEERS), factor=factor)
        (tmp_path / "torch_peer.py").write_text(script)

    monkeypatch.setattr(worker_process, "PEERS", tmp_path)
    monkeypatch.setattr(runner, "library_versions", lambda python, names: {"torch": "0.0"})
    return write


def measured(name, implementation, library="", median=1.0, **more):
    """A measurement whose median is `median`, in the workload's unit."""
    workload = WORKLOADS[name]
    seconds = 1 / median if workload.higher_is_better else median / workload.in_unit(1.0)
    label = ENGINES[implementation][0] if implementation in ENGINES else implementation
    measurement = Measurement(
        workload, Implementation(implementation, label, 2, {}, library), **more
    )
    # The median block is neither the slow one nor the fast one, which has the most units.
    measurement.blocks = [
        [seconds, 3 * seconds, 0.9 * seconds], [2 * seconds], [0.8 * seconds] * 9
    ]  # fmt: skip
    return measurement


@pytest.fixture
def results():
    """A run of three workloads in which one implementation failed."""
    results = Results(machine=machine_info(), load_averages=[0.25, 1.5], notes=["a note <b>"])
    tape = Implementation("tape", "tape", 1)
    results.measurements = [
        measured("recipe", "value", median=100_000.0, first_call=0.0012, peak_memory_mib=31.5),
        measured("recipe", "replayed", median=20.0, first_call=1.5, peak_memory_mib=150.0),
        measured("recipe", "torch-eager-1", "torch", median=600.0),
        measured("recipe", "jax-step-flat-1", "jax", median=60.0),
        measured("recipe", "jax-scan-flat-1", "jax", median=18.0),
        Measurement(WORKLOADS["recipe"], tape, error="it has no tape"),
        measured("names", "replayed", median=40_000.0),
        measured("names", "torch-own-loop-1", "torch", median=4_000.0),
        measured("generate", "replayed", median=50.0),
    ]
    reading = Implementation("memory", "reading", 2)
    memory = Measurement(WORKLOADS["generate"], reading, count=1e9)
    memory.blocks, memory.metadata = [[1 / 25]], {"unit": "GB/s"}
    results.measurements.append(memory)
    return results
