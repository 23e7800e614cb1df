"""Choosing where tensors are born."""

import os
import subprocess
import sys
import threading

import pytest

import microgpt as mg
from microgpt import backends
from microgpt.backends.memory import CACHE_LINE, data_ptr
from microgpt.errors import BackendUnavailable


@pytest.fixture
def restored():
    before = backends.current().name
    yield
    mg.use(before)


def test_use_is_for_every_thread_and_using_for_one_block(restored):
    mg.use("numpy")
    seen = []

    def look():
        seen.append(mg.Tensor([1.0]).backend.name)

    with mg.using("numba"):
        assert mg.Tensor([1.0]).backend.name == "numba"
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == ["numpy"]
    assert mg.Tensor([1.0]).backend.name == "numpy"


def test_operations_stay_where_the_data_is():
    x = mg.Tensor([1.0], backend="numpy")
    with mg.using("numba"):
        assert (x * 2 + 1).exp().backend.name == "numpy"


def test_unknown_names():
    with pytest.raises(BackendUnavailable, match="no back end 'gpu'; known: 'numpy', 'numba'"):
        mg.use("gpu")
    with pytest.raises(BackendUnavailable), mg.using("gpu"):
        pass


def test_the_table(backend):
    table = backends.table()
    header, usable, _, *families = table.splitlines()
    names = ["numpy", "numba", "interpreter", "cuda"]
    assert header.split() == [f"{name}*" if name == backend else name for name in names]
    assert usable.split()[2:5] == ["yes"] * 3
    assert len(families) == 15
    assert all(row.split()[1:] == ["yes"] * 4 for row in families)  # no gap
    assert repr(table) == str(table)


def test_the_table_counts_what_is_missing(monkeypatch):
    names = backends._kernel_names

    def with_a_gap(package):
        found = names(package)
        return found | {"norm": {"rms_norm_forward"}} if package == "numba_cuda" else found

    monkeypatch.setattr(backends, "_kernel_names", with_a_gap)
    row = next(row for row in backends.table().splitlines() if row.startswith("norm"))
    assert row.split()[1:] == ["yes", "yes", "1", "of", "4", "1", "of", "4"]
    monkeypatch.setattr(backends, "_installed", lambda library: library != "numba")
    assert "needs numba" in backends.table()


@pytest.mark.parametrize(("variable", "expected"), [(None, "numba"), ("numpy", "numpy")])
def test_the_variable_and_the_default(variable, expected):
    environment = {k: v for k, v in os.environ.items() if k != "MICROGPT_BACKEND"}
    if variable:
        environment["MICROGPT_BACKEND"] = variable
    out = subprocess.run(
        [sys.executable, "-c", "import microgpt as mg; print(mg.Tensor([1.0]).backend.name)"],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert out.strip() == expected


def test_no_writable_cache_is_said_once_and_kernels_still_run(tmp_path):
    (tmp_path / "file").touch()
    environment = {**os.environ, "MICROGPT_CACHE": str(tmp_path / "file" / "cache")}
    code = "import microgpt as mg; x = mg.Tensor([1.0]); print((x + 1).item(), x.exp().item())"
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("2.0 2.71828")
    assert result.stderr.count("cannot be kept") == 1
    assert "MICROGPT_CACHE" in result.stderr


def test_the_spin_setting_is_taken_back():
    code = (
        "import os; from microgpt.backends.numba_cpu.jit.threads import start_threads; "
        "start_threads(); print('GOMP_SPINCOUNT' in os.environ)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_taps_see_launches_of_their_own_thread():
    class LaunchTracer:
        def __init__(self):
            self.names = []

        def on_launch(self, name, call, arguments):
            self.names.append(name)

        def on_alloc(self, array):
            pass

        def on_host_read(self, what):
            pass

    x = mg.Tensor([1.0], backend="numpy")
    tracer, done = LaunchTracer(), []
    thread = threading.Thread(target=lambda: done.append((x * 3).item()))
    with backends.tracing(tracer):
        thread.start()
        _ = x.exp() * 2
    thread.join()
    _ = x.tanh()
    assert tracer.names == ["exp_forward", "scale_forward"]
    assert done == [3.0]


class Tracer:
    """Keeps the arrays and launches that it is told of."""

    def __init__(self):
        self.arrays, self.launches = [], []

    def on_alloc(self, array):
        self.arrays.append(array)

    def on_launch(self, name, call, args):
        self.launches.append(name)

    def on_host_read(self, what):
        raise AssertionError(what)


def test_a_tracer_is_told_of_its_own_thread_alone(backend):
    kernels, tracer = backends.current(), Tracer()
    with backends.tracing(tracer):
        own = kernels.empty(3, "float32")
        thread = threading.Thread(target=lambda: kernels.empty(4, "float32"))
        thread.start()
        thread.join()
    kernels.empty(5, "float32")
    assert [array is own for array in tracer.arrays] == [True]


def test_the_tracer_before_comes_back(backend):
    outer, inner = Tracer(), Tracer()
    with backends.tracing(outer):
        with backends.tracing(inner):
            backends.current().full(2, "float32")
        assert backends.current_tracer() is outer
        backends.current().full(3, "float32")
    assert backends.current_tracer() is None
    assert [array.size for array in outer.arrays] == [3]
    assert [array.size for array in inner.arrays] == [2]
    assert outer.launches == inner.launches == ["fill_"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_aligned_memory_begins_at_a_cache_line(backend, dtype):
    arrays = [backends.current().zeros_aligned(size, dtype) for size in range(1, 200, 3)]
    for array, size in zip(arrays, range(1, 200, 3), strict=True):
        assert data_ptr(array) % CACHE_LINE == 0
        assert array.shape == (size,)
        assert not array.any()
