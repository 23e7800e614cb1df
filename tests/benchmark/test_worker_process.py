"""Worker processes: answers, errors, a clean environment, installed libraries."""

import os
import sys

import pytest

from microgpt.benchmark.implementations import Implementation
from microgpt.benchmark.worker_process import (
    PACKAGE,
    WorkerFailed,
    WorkerProcess,
    library_versions,
    worker_environment,
)
from microgpt.errors import BackendUnavailable


def test_a_worker_answers_commands(worker):
    answer = worker.call("prepare", task={"seconds": 0.25, "count": 50})
    assert answer["count"] == 50
    assert answer["metadata"]["threads"] == 1
    assert 0 <= answer["first_call"] < 1
    block = worker.call("block", seconds=0.0)
    assert block["seconds"] == [0.25]
    assert set(worker.call("block", seconds=0.01)["seconds"]) == {0.25}
    assert os.name == "nt" or 1 < block["peak_memory_mib"] < 10_000


def test_an_error_says_what_went_wrong(worker):
    with pytest.raises(WorkerFailed, match=r"^ValueError: two lines$"):
        worker.call("prepare", task={"raises": True})
    assert worker.call("prepare", task={"seconds": 1.0, "count": 1})["count"] == 1
    with pytest.raises(WorkerFailed, match=r"ended with status 3: its last words$"):
        worker.call("prepare", task={"dies": True})
    with pytest.raises(WorkerFailed, match="ended"):
        worker.call("block", seconds=0.1)


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(WorkerFailed, match="cannot be started"):
        WorkerProcess([str(tmp_path / "none")], {}, tmp_path / "log")


def test_the_environment_is_clean(monkeypatch):
    for name in ("OMP_NUM_THREADS", "MKL_DYNAMIC", "NUMBA_DISABLE_JIT", "OPENBLAS_NUM_THREADS",
                 "XLA_FLAGS", "PYTHONPATH", "MICROGPT_POISON", "MICROGPT_BACKEND"):  # fmt: skip
        monkeypatch.setenv(name, "7")
    monkeypatch.setenv("MICROGPT_CACHE", "kept")
    ours = worker_environment(Implementation("replayed", "", 2), cores=2)
    assert ours["MICROGPT_CACHE"] == "kept"
    assert ours["PATH"] == os.environ["PATH"]
    assert not {name for name in ours if name.startswith(("OMP", "MKL", "NUMBA", "OPENBLAS"))}
    assert ours["PYTHONPATH"] == str(PACKAGE)
    assert not {name for name, value in ours.items() if value == "7"}
    every = worker_environment(Implementation("numpy", "", 2), cores=2)
    assert not {name for name in every if name.endswith("_THREADS")}  # all cores are the default
    one = worker_environment(Implementation("replayed", "", 1), cores=2)
    assert one["NUMBA_NUM_THREADS"] == one["OPENBLAS_NUM_THREADS"] == "1"
    peer = worker_environment(Implementation("jax", "", 1, {}, "jax"), cores=2)
    assert "PYTHONPATH" not in peer
    assert peer["NPROC"] == "1"


def test_libraries_that_are_not_there():
    assert library_versions(sys.executable, ["numpy"])["numpy"]
    with pytest.raises(BackendUnavailable, match="pip install no-such-library"):
        library_versions(sys.executable, ["no-such-library"])
    with pytest.raises(BackendUnavailable, match="not a Python that can be started"):
        library_versions("/nowhere/python", ["numpy"])
