"""`microgpt warmup`: the kernels are compiled once, with progress."""

import re
import signal
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from itertools import count

import numpy as np
import psutil
import pytest
from cli_runs import enable_interrupts
from waiting import wait_until

from microgpt import backends
from microgpt.backends.numba_cpu.jit.variants import KernelVariant, by_module, variant_of
from microgpt.benchmark import machine_info
from microgpt.cli import kernel_variants, main, warmup


def test_warmup(capsys):
    assert main(["warmup", "--backend", "numpy"]) == 0
    assert "ready" in capsys.readouterr().out


@pytest.mark.slow
def test_an_interrupt_while_compiling_ends_it(monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-m", "microgpt", "warmup", "--backend", "numba"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=enable_interrupts,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        compiling = (line for line in process.stdout if "compiling kernel" in line)
        assert next(compiling)
        assert next(compiling)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == "microgpt: interrupted"


@pytest.mark.slow
def test_warm_up_reports_progress_and_leaves_a_stamp(capsys):
    assert main(["warmup", "--backend", "numba"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    lines = [line for line in lines if not line.startswith("counting kernels")]
    assert last == "the kernels of 'numba' are ready"
    said = [re.fullmatch(r"compiling kernel (\d+) of (\d+) \(.+\)(: \w+)?", line) for line in lines]
    numbers = [int(match[1]) for match in said]
    (total,) = {int(match[2]) for match in said}
    assert numbers[0] <= 1
    assert numbers == sorted(numbers)
    assert 40 < total < 100
    assert max(numbers) <= total
    assert backends.kernels_compiled()


def test_variants_found_on_numpy_are_those_that_numba_launches():
    variants = kernel_variants._VariantTracer()
    with backends.using("numba"), backends.tracing(variants):
        kernel_variants._launch_all(small_only=False)
    assert kernel_variants.launched_variants() == list(variants.seen)
    small = kernel_variants.launched_variants(small_only=True)
    assert 20 < len(small) < len(variants.seen)
    assert set(small) <= set(variants.seen)


def test_a_variant_names_the_loop_nest_that_a_launch_selects():
    for variant in kernel_variants.launched_variants():
        kernel = getattr(import_module(variant.module), variant.name)
        assert (kernel.function.__module__, kernel.function.__name__) == variant[:2]
    x, weight = np.zeros((256, 64), np.float32), np.zeros((64, 64), np.float32)
    arguments = x.copy(), x, weight, np.zeros(0, np.float32)
    kernel = backends.get("numba").kernels["linear_forward"]
    small = variant_of(kernel, (x[:1].copy(), x[:1], *arguments[2:]))
    assert small.name == "linear_forward"
    assert small == variant_of(kernel, arguments)  # whether threads share it or not


@pytest.mark.parametrize("order", [("a.x", "b.x", "a.y", "a.z", "c.x", "b.y")])
def test_the_first_variant_of_each_module_goes_ahead(order):
    variants = [KernelVariant(*name.split("."), ()) for name in order]
    taken = [f"{one.module}.{one.name}" for one in by_module(variants)]
    assert taken == ["a.x", "b.x", "c.x", "a.y", "a.z", "b.y"]


@pytest.mark.slow
def test_what_is_compiled_without_a_launch_is_what_a_launch_loads(tmp_path, monkeypatch):
    """A check, a kernel, one of attention's and a product, in two processes."""
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path))
    begin = """
import numpy as np
from microgpt import backends
kernels = backends.get("numba").kernels
f, i = (lambda *shape: np.zeros(shape, np.float32)), (lambda *shape: np.zeros(shape, np.int32))
launches = {
    "check_tokens": (i(4), 27),
    "relu_backward": (f(8), f(8), f(8)),
    "self_attention_forward": (f(1, 4, 8), f(1, 2, 4), f(1, 4, 24), 2),
    "linear_forward": (f(64, 64), f(64, 64), f(64, 64), f(0)),
}
"""
    compiling = """
from microgpt.backends.numba_cpu.jit.parallel_region import region_runner
from microgpt.backends.numba_cpu.jit.variants import compile_variant, variant_of
region_runner()
for name, arguments in launches.items():
    compile_variant(variant_of(kernels[name], arguments))
"""
    launching = """
for name, arguments in launches.items():
    kernels[name].select_variant(arguments)(*arguments)
"""
    kept = []
    for code in (compiling, launching):
        subprocess.run([sys.executable, "-c", begin + code], check=True)
        kept.append({file: file.read_bytes() for file in tmp_path.rglob("*.kernel")})
    assert len(kept[0]) == 9  # with both of the region, and a product's block, tiles and count
    assert kept[0] == kept[1]


@pytest.mark.slow
def test_processes_that_compile_end_with_the_one_that_began_them(monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-m", "microgpt", "warmup", "--backend", "numba", "--processes", "2"],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert next(line for line in process.stdout if "compiling kernel 1 " in line)
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 2
        process.kill()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []


def test_a_process_that_ends_while_it_compiles_is_said(monkeypatch, capsys):
    def broken(self, *_):
        raise BrokenProcessPool

    monkeypatch.setattr(warmup.ProcessPoolExecutor, "submit", broken)
    assert main(["warmup", "--backend", "numba"]) == 1
    assert "`microgpt warmup --processes 1` goes on with one" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-1"])
def test_the_number_of_processes_is_at_least_1(number, capsys):
    assert main(["warmup", "--backend", "numba", "--processes", number]) == 1
    assert "--processes must be" in capsys.readouterr().err


@pytest.mark.slow
def test_a_first_run_lets_another_process_compile_beside_it(monkeypatch, tmp_path):
    """What the run itself has not compiled is in the cache all the same."""
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path))
    with warmup.compiling_in_background("--beside-a-run"):
        wait_until(lambda: any(tmp_path.rglob("sampling.sample_*.kernel")))


def test_a_run_is_the_first_until_a_kernel_is_kept(monkeypatch, tmp_path):
    begun = []

    @contextmanager
    def compiling(*options):
        begun.append(options)
        yield

    monkeypatch.setattr(warmup, "compiling_in_background", compiling)
    monkeypatch.setattr(machine_info, "num_cores", lambda: 2)
    runs = count(1)

    def train(backend):
        out = str(tmp_path / f"run{next(runs)}")
        words = [
            "train",
            "--corpus",
            "names-mini",
            "--steps",
            "1",
            "--out",
            out,
            "--backend",
            backend,
        ]
        assert main(words) == 0

    for any_kept in (True, False):
        monkeypatch.setattr(backends, "any_kernel_compiled", lambda kept=any_kept: kept)
        train("numba")
    assert begun == [("--beside-a-run",)]
    train("numpy")
    monkeypatch.setattr(machine_info, "num_cores", lambda: 1)
    train("numba")
    assert begun == [("--beside-a-run",)]


def test_warm_up_refuses_a_cache_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path / "file" / "cache"))
    assert main(["warmup", "--backend", "numba"]) == 1
    said = capsys.readouterr()
    assert "set MICROGPT_CACHE to a folder you can write to" in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""  # before the compiling, not after
