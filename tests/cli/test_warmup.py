"""`microgpt warmup`: the kernels are compiled once, with progress."""

import re
import signal
import subprocess
import sys

import pytest
from cli_runs import enable_interrupts

from microgpt import backends
from microgpt.cli import main, warmup


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


def test_warm_up_counts_beforehand_what_it_will_compile():
    kernels, seen = backends.get("numba").kernels, {}
    for name in ("numpy", "numba"):
        seen[name] = warmup._VariantTracer(kernels)
        with backends.using(name), backends.tracing(seen[name]):
            warmup._launch_all()
    assert seen["numpy"].variants == seen["numba"].variants


def test_warm_up_refuses_a_cache_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path / "file" / "cache"))
    assert main(["warmup", "--backend", "numba"]) == 1
    said = capsys.readouterr()
    assert "set MICROGPT_CACHE to a folder you can write to" in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""  # before the compiling, not after
