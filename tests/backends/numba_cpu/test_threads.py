"""Numba's threading layer: what it was told, what it took, and what must not be done with it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from microgpt.backends.numba_cpu.jit import threads
from microgpt.diagnostics import machine

LARGE_KERNEL = """
import warnings
warnings.simplefilter("error")
import numba
import microgpt as mg
from microgpt.errors import SettingError
mg.use("numba")
try:
    print((mg.Tensor([0.0] * 200_000) + 1).sum().item(), numba.threading_layer())
except (SettingError, UserWarning) as error:
    print(f"{type(error).__name__}: {error}")
"""


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **environment},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def doctors_finding(**environment):
    """What `doctor` says about the threads of a process with these settings."""

    class Output:
        def output(self, timeout):
            return run("-P", Path(threads.__file__), **environment)

    return machine.numba_finding(Output())


@pytest.mark.parametrize("variable", ["NUMBA_THREADING_LAYER", "NUMBA_THREADING_LAYER_PRIORITY"])
def test_an_empty_setting_is_none(variable):
    assert run("-c", LARGE_KERNEL, **{variable: ""}).startswith("200000.0 ")
    assert doctors_finding(**{variable: ""}).state in ("ok", "note")


def test_a_layer_that_does_not_exist_is_named():
    said = run("-c", LARGE_KERNEL, NUMBA_THREADING_LAYER="opm")
    assert said.startswith("SettingError: NUMBA_THREADING_LAYER must be one of tbb, omp, workqueue")
    assert "got opm; unset it" in said
    finding = doctors_finding(NUMBA_THREADING_LAYER="opm")
    assert finding.state == "problem"
    assert "got opm; unset it" in finding.text


def test_the_unsafe_layer_is_announced_when_it_is_first_used():
    said = run("-c", LARGE_KERNEL, NUMBA_THREADING_LAYER="workqueue")
    assert said.startswith("UserWarning: Numba runs parallel functions on 'workqueue', which ends")
    assert "unset NUMBA_THREADING_LAYER" in said
    finding = doctors_finding(NUMBA_THREADING_LAYER="workqueue")
    assert finding.state == "note"
    assert "by 'workqueue'. Numba runs parallel functions on 'workqueue', which" in finding.text
    assert finding.advice.startswith("unset NUMBA_THREADING_LAYER")


def test_a_safer_layer_is_taken_where_there_is_one(monkeypatch):
    """The unsafe one is Numba's last choice, so what helps is to install another."""
    monkeypatch.delenv(threads.SETTING, raising=False)
    settings = json.loads(
        run(
            "-c",
            "import json, numba; c = numba.core.config; "
            "print(json.dumps([c.THREADING_LAYER, c.THREADING_LAYER_PRIORITY]))",
        )
    )
    assert settings == ["default", list(threads.LAYERS)]
    assert threads.LAYERS[-1] == threads.UNSAFE_LAYER
    assert threads.advice("workqueue").startswith("`pip install tbb`")
    assert threads.limits("omp") == threads.advice("omp") == ""
