"""`mg.inspect_kernel`: real kernels in machine code, for this processor and for others."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cases import CASES

import microgpt as mg
from microgpt import backends, reference
from microgpt.backends import inspection
from microgpt.backends.dispatch import PythonKernel
from microgpt.backends.inspection import inspect_kernels
from microgpt.backends.numba_cpu.inspection import kernel_assembly
from microgpt.backends.numba_cpu.inspection.signatures import SIGNATURES
from microgpt.backends.numba_cpu.matmul import llvm_simd
from microgpt.backends.numba_cpu.matmul.llvm_simd import tile_shape
from microgpt.backends.processors import PROCESSORS
from microgpt.errors import SettingError, StateError

BLOCKED = "self_attention_forward/kernel2_blocked"
BLOCKED_BACKWARD = "self_attention_backward/kernel2_blocked"
MAIN_KERNELS = (
    "linear_forward",
    BLOCKED,
    BLOCKED_BACKWARD,
    "rms_norm_forward",
    "layer_norm_forward",
    "layer_norm_backward",
    "softmax_forward",
    "softmax_backward",
    "gelu_forward",
    "gelu_backward",
    "adam_step_",
    "adamw_step_",
)


@pytest.fixture(autouse=True)
def numba_in_use():
    with backends.using("numba"):
        yield


def full_tile(report, lanes, rows):
    """The inner loop of a product's micro-kernel where it computes a tile without masks."""
    name = f"microgpt_tile_{rows}_2_full"
    (loop,) = [loop for loop in report.innermost_loops if loop.function == name]
    assert loop.counts.vector_bits == 32 * lanes
    # For some processors LLVM does two steps in a round.
    assert loop.counts.vector_ops in (2 * rows, 4 * rows)
    assert (loop.counts.scalar_ops, loop.counts.spills, loop.counts.reloads) == (0, 0, 0)
    return loop


def test_this_processor():
    report = mg.inspect_kernel("linear_forward")
    loop = full_tile(report, llvm_simd.LANES, llvm_simd.MR)
    assert loop.depth == 1
    assert report.vector_bits == 32 * llvm_simd.LANES
    assert report.name == "linear_forward"
    assert re.search(r"^linear_forward, float32, compiled for \S+\n", repr(report))
    assert "microgpt_tile" in report.assembly


@pytest.mark.parametrize("isa", ["avx2", "avx512"])
def test_x86_on_any_machine(isa):
    reports = inspect_kernels(["linear_forward", "gelu_forward", "adamw_step_"], isa)
    features = {name[1:]: True for name in PROCESSORS[isa].features.split(",")}
    tile = full_tile(reports["linear_forward"], *tile_shape(features))
    assert tile.mnemonics["vfmadd231ps"] == tile.counts.vector_ops
    used = reports["linear_forward"].instruction_set
    assert used == {"avx2": "AVX2", "avx512": "AVX-512"}[isa]
    for name in ("gelu_forward", "adamw_step_"):
        assert reports[name].in_innermost.vector_ops > 10, name
        assert reports[name].vector_bits >= 256, name


def test_attention_keeps_its_squares_in_the_registers_of_avx2():
    """16 rows of 16 numbers at once would be 32 registers of 16: they are transposed in parts."""
    for name, report in inspect_kernels([BLOCKED, BLOCKED_BACKWARD], "avx2").items():
        assert report.in_innermost.spills == 0, name
        assert any(loop.mnemonics["vperm2f128"] for loop in report.innermost_loops), name


@pytest.mark.parametrize("isa", ["avx2", "neon"])
def test_choices_are_made_on_vectors(isa):
    """Both numbers are read before one is chosen: a read on a condition would need a mask."""
    names = ["relu_backward", "where_forward", "where_backward", "clip_backward"]
    for name, report in inspect_kernels(names, isa).items():
        assert report.vector_bits == {"avx2": 256, "neon": 128}[isa], name


def test_neon_on_any_machine():
    reports = inspect_kernels(MAIN_KERNELS, "neon")
    tile = full_tile(reports["linear_forward"], *tile_shape({"neon": True}))
    assert tile.mnemonics["fmla"] == tile.counts.vector_ops
    for name, report in reports.items():
        assert report.instruction_set == "NEON", name
        assert report.vector_bits == 128, name
        on_vectors = [loop for loop in report.innermost_loops if loop.vectorised]
        assert on_vectors, name
        if "softmax_backward" not in name and not name.startswith("rms_norm"):
            assert re.search(r"fmla\tv\d+\.4s, v\d+\.4s", report.assembly), name
    for name in (BLOCKED, BLOCKED_BACKWARD):  # products of small matrices: 4 · 16 numbers
        tiles = [loop for loop in reports[name].innermost_loops if loop.counts.vector_ops == 16]
        tiles = [loop for loop in tiles if loop.mnemonics["fmla"] == 16]
        assert len(tiles) == {BLOCKED: 2, BLOCKED_BACKWARD: 5}[name]
        assert all(loop.counts.spills + loop.counts.reloads == 0 for loop in tiles), name
    for name in ("gelu_forward", "gelu_backward", "rms_norm_forward", "adam_step_"):
        counts = reports[name].in_innermost
        assert (counts.spills, counts.reloads) == (0, 0), name


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other object files")
def test_what_is_shown_is_what_runs():
    """To the byte; Numba's own `inspect_asm` shows other instructions."""
    digests = [
        subprocess.run(
            [sys.executable, "-m", "machine_code", way, "gelu_forward", "layer_norm_backward"],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1] / "helpers",
        ).stdout
        for way in ("look", "run")
    ]  # fmt: skip
    assert digests[0] == digests[1]
    assert len(set(json.loads(digests[0]).values())) == 2


LETTERS = {"float32": "f", "float64": "d", "int32": "i", "int64": "l", "bool": "b"}


class TypesOfLaunches:
    def __init__(self):
        self.types: dict[str, set] = {}

    def on_launch(self, name, call, arguments):
        types = tuple(
            f"{LETTERS[str(argument.dtype)]}{argument.ndim}"
            if isinstance(argument, np.ndarray)
            else type(argument).__name__.replace("bool", "int")
            for argument in arguments
        )
        self.types.setdefault(name, set()).add(types)

    def on_alloc(self, array):
        pass

    def on_host_read(self, what):
        pass


def test_kernels_are_inspected_with_the_types_that_they_are_launched_with():
    assert SIGNATURES.keys() == backends.get("numba").kernels.keys()
    tracer = TypesOfLaunches()
    with backends.using("numpy"), backends.tracing(tracer):
        for case in CASES:
            tensors = [mg.Tensor(a, requires_grad=True, dtype="float32") for a in case.inputs(5)]
            y = case.call(*tensors)
            y.backward(y.detach())
        reference.run(
            mg.load_corpus("names-mini").documents, num_steps=2, engine="tensor",
            backend="numpy", dtype="float32", num_samples=1,
        )  # fmt: skip
    assert len(tracer.types) > 60
    for name, found in tracer.types.items():
        assert SIGNATURES[name] in found, name


def test_processors_side_by_side():
    table = inspection.compare_processors(["gelu_forward", "relu_forward"], "avx2", "neon")
    header, *rows = repr(table).splitlines()
    figures = ["avx2 bits", "avx2 vector", "avx2 scalar", "avx2 spills", "avx2 outer spills"]
    assert re.split(r"  +", header)[:7] == ["kernel", *figures, "neon bits"]
    cells = re.split(r"  +", rows[0])
    report = mg.inspect_kernel("gelu_forward", isa="neon")
    assert cells[0] == "gelu_forward"
    assert cells[6:9] == ["128", str(report.in_innermost.vector_ops), "18"]
    assert cells[9:] == ["0 + 0", "0 + 0"]
    assert rows[1].startswith("relu_forward")


def test_names():
    with pytest.raises(SettingError, match="got 'gelu'; write 'gelu_forward' or 'gelu_backward'; "):
        mg.inspect_kernel("gelu")
    with pytest.raises(SettingError, match="got 'softmax_foward'; write 'softmax_forward'; `mg"):
        mg.inspect_kernel("softmax_foward")
    with pytest.raises(SettingError, match="got 'x'; write 'gelu_forward'; "):
        mg.inspect_kernel("x")
    with pytest.raises(SettingError, match=r"isa must be None, or one of .*'neon'; got 'sse'"):
        mg.inspect_kernel("gelu_forward", isa="sse")
    names = kernel_assembly.compiled_kernels()
    assert names["self_attention_forward"] is names[BLOCKED]
    assert "self_attention_forward/kernel1_loops" in names


def test_the_page_names_kernels_that_there_are():
    page = Path(mg.__path__[0]).with_name("docs") / "assembly.md"
    named = re.findall(r"^\| `(.+?)` \|", page.read_text("utf-8"), re.MULTILINE)
    assert len(named) > 20
    assert set(named) <= kernel_assembly.compiled_kernels().keys()


def test_kernels_that_numba_leaves_to_numpy(monkeypatch):
    kernels = backends.get("numba").kernels
    monkeypatch.setitem(kernels, "gelu_forward", PythonKernel(max))
    monkeypatch.setattr(kernel_assembly, "compiled_kernels", lambda: {"gelu_backward": None})
    with pytest.raises(SettingError, match="runs on NumPy, whose code is not compiled here"):
        mg.inspect_kernel("gelu_forward")


def test_other_back_ends_have_none():
    with (
        backends.using("numpy"),
        pytest.raises(StateError, match=r"'numpy' is in use: call it inside `with mg\.using"),
    ):
        mg.inspect_kernel("gelu_forward")


def test_another_package_of_the_name_in_this_folder_is_not_looked_at(monkeypatch, tmp_path):
    (tmp_path / "microgpt.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert mg.inspect_kernel("scale_forward").in_innermost.vector_ops > 0


def test_a_compiler_that_fails_says_why(monkeypatch):
    monkeypatch.setattr(inspection, "_WORKER", "microgpt.no_such_module")
    inspection._reports.cache_clear()
    with pytest.raises(StateError, match=r"failed: .*no_such_module"):
        mg.inspect_kernel("relu_forward")
