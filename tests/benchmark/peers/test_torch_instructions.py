"""What PyTorch's worker answers about its instructions, with a stand-in for PyTorch."""

import importlib
import os
import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace

import pytest

from microgpt.benchmark.worker_process import PEERS

AVX2 = b"MKL_VERBOSE oneMKL for Intel(R) Advanced Vector Extensions 2 (Intel(R) AVX2) enabled\n"
UNNAMED = b"MKL_VERBOSE oneMKL for Intel(R) 64 architecture Intel(R) Architecture processors\n"


@pytest.fixture
def torch_instructions(monkeypatch):
    """The peer's module; called with the line that MKL prints before its first product only."""

    def load(line):
        unprinted = [line]
        torch = ModuleType("torch")
        torch.backends = SimpleNamespace(
            cpu=SimpleNamespace(get_cpu_capability=lambda: "AVX2"),
            mkl=SimpleNamespace(verbose=nullcontext, VERBOSE_ON=1),
        )
        torch.ones = lambda *shape: shape
        torch.mm = lambda a, b: os.write(1, (unprinted.pop() if unprinted else b"") + b"SGEMM\n")
        inductor = ModuleType("torch._inductor")
        inductor.cpu_vec_isa = SimpleNamespace(pick_vec_isa=lambda: "avx2 or so")
        monkeypatch.setitem(sys.modules, "torch", torch)
        monkeypatch.setitem(sys.modules, "torch._inductor", inductor)
        monkeypatch.syspath_prepend(PEERS)
        try:
            return importlib.import_module("torch_instructions")
        finally:
            sys.modules.pop("torch_instructions", None)

    return load


@pytest.mark.parametrize(("line", "of_mkl"), [(AVX2, {"MKL": "avx2"}), (UNNAMED, {})])
def test_each_task_has_the_answer_that_mkl_gives_once(torch_instructions, line, of_mkl):
    module = torch_instructions(line)
    for _ in range(3):
        assert module.used_instructions({}) == {"ATen": "avx2", "Inductor": "avx2", **of_mkl}
