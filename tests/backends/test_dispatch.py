"""Choosing where tensors are born."""

import os
import subprocess
import sys
import threading

import pytest

import microgpt as mg
from microgpt import backends
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
    rows = table.splitlines()
    assert len(rows) == 3
    assert next(row for row in rows if row.startswith("*")).split()[1] == backend
    assert repr(table) == str(table)


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
