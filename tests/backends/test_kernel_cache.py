"""The cache of compiled kernels: it mends itself, and touches nobody else's files."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from microgpt import backends
from microgpt._io import atomic_write
from microgpt.backends.numba_cpu.jit import cache as jit_cache
from microgpt.backends.numba_cpu.jit import compile as jit
from microgpt.backends.numba_cpu.jit import kernel_cache
from microgpt.diagnostics import machine


def thrice(x):
    for i in range(x.size):
        x[i] *= 3


@pytest.fixture
def kernels(cache, monkeypatch):
    """The folder of compiled kernels, empty."""
    monkeypatch.setattr(kernel_cache, "_warned", set())
    jit._writable_folder.cache_clear()
    yield jit_cache.kernel_folder()
    jit._writable_folder.cache_clear()


def run():
    """Compile `thrice` as in a new process, or load it; return its result and whether it loaded."""
    x = np.ones(2)
    function = jit.njit_cached(thrice, jit.FLAGS)
    function(x)
    return x.tolist(), sum(function.stats.cache_hits.values()) == 1


def cached_files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_kernel_is_compiled_once(kernels):
    assert run() == ([3, 3], False)
    (file,) = cached_files(kernels)
    assert file.name.startswith("test_kernel_cache.thrice-")
    assert run() == ([3, 3], True)
    assert jit_cache.damaged_kernels() == []


def cut_short(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file):
    file.write_bytes(b"")


def flip_one_bit(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def fill_with_text(file):
    file.write_text("this is no machine code")


def write_other_objects(file):
    file.write_bytes(jit_cache.seal_kernel(b"cos\nnothing\n."))  # intact, and of no use


@pytest.mark.parametrize("damage", [cut_short, empty, flip_one_bit, fill_with_text])
def test_a_damaged_file_is_found_removed_and_compiled_again(kernels, damage):
    run()
    (file,) = cached_files(kernels)
    damage(file)
    assert jit_cache.damaged_kernels() == [file]
    (finding,) = [f for f in machine.kernel_findings() if f.subject == "fast kernels"]
    assert finding.state == "problem"
    assert f"1 of their files are damaged, such as {file.name}" in finding.text
    assert str(kernels) not in str(finding)  # reports are shared, and paths name users
    with pytest.warns(UserWarning, match="was damaged; such files are removed"):
        assert run() == ([3, 3], False)
    assert jit_cache.damaged_kernels() == []
    assert run() == ([3, 3], True)


def test_a_file_that_cannot_be_unpickled_is_compiled_again(kernels):
    run()
    (file,) = cached_files(kernels)
    write_other_objects(file)
    with pytest.warns(UserWarning, match="not readable"):
        assert run() == ([3, 3], False)
    assert run() == ([3, 3], True)


def test_many_damaged_files_are_announced_once(kernels):
    run()
    list(map(empty, cached_files(kernels)))
    with pytest.warns(UserWarning, match="such files are removed"):
        run()
    list(map(empty, cached_files(kernels)))
    assert run() == ([3, 3], False)  # a warning would be an error


def test_a_file_that_cannot_be_read_nor_removed_costs_time_alone(kernels):
    run()
    (file,) = cached_files(kernels)
    file.unlink()
    file.mkdir()
    (file / "somebody's").touch()
    with pytest.warns(UserWarning, match=r"each process compiles them anew: .* is a folder"):
        assert run() == ([3, 3], False)
    assert (file / "somebody's").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EACCES, "compiled kernels cannot be kept"),
        (errno.EROFS, "compiled kernels cannot be kept"),
    ],
    ids=["full disk", "no rights", "read-only"],
)
def test_a_folder_that_takes_no_file_costs_time_alone(kernels, monkeypatch, code, message):
    def refused(path):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(atomic_write.os, "fsync", refused)
    with pytest.warns(UserWarning, match=message):
        assert run() == ([3, 3], False)
    assert run() == ([3, 3], False)  # a warning would be an error
    assert cached_files(kernels) == []


def test_nothing_is_kept_outside_of_the_folder(kernels, monkeypatch, tmp_path):
    """Numba writes beside the source where its folder fails: variants would be mixed there."""
    outside = tmp_path / "source" / "__pycache__"
    monkeypatch.setattr(kernel_cache.KernelCache, "cache_path", str(outside))
    with pytest.warns(UserWarning, match="is outside of"):
        assert run() == ([3, 3], False)
    assert not outside.exists()


@pytest.mark.parametrize("variable", ["version", "processor"])
def test_kernels_of_another_numba_or_processor_stay_beside(kernels, monkeypatch, variable):
    run()
    if variable == "version":
        monkeypatch.setattr(kernel_cache.numba, "__version__", "0.1")
    else:
        key = kernel_cache.KernelCache._index_key
        monkeypatch.setattr(
            kernel_cache.KernelCache,
            "_index_key",
            lambda self, sig, codegen: (key(self, sig, codegen), "another processor"),
        )
    assert run() == ([3, 3], False)
    assert len(cached_files(kernels)) == 2
    monkeypatch.undo()


def test_warm_up_removes_what_is_damaged(kernels, monkeypatch):
    from microgpt.cli import kernel_variants, warmup

    run()
    (file,) = cached_files(kernels)
    empty(file)
    monkeypatch.setattr(kernel_variants, "launched_variants", list)
    warmup.compile_kernels()
    assert not file.exists()
    assert backends.kernels_compiled()


def test_the_learners_own_numba_cache_folder_is_left_alone():
    code = """
import threading
import numba
import microgpt as mg
before = numba.core.config.CACHE_DIR
mg.use("numba")
def work(name):
    x = mg.Tensor([0.5])
    for op in ("exp", "log", "tanh", "sigmoid", "relu"):
        getattr(x, op)()
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
print(numba.core.config.CACHE_DIR == before)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "True"
