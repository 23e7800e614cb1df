"""`source`: what is shown is what runs, complete, and needs nothing compiled."""

import ast
import inspect
import re
import subprocess
import sys

import pytest
from absent_libraries import without

import microgpt as mg
from microgpt import backends, op_source, ops

TITLES = [f"# {title}" for title in op_source.TITLES.values()]


def test_its_parts_come_in_order():
    text = mg.source("rms_norm")
    offsets = [text.index(title) for title in TITLES]
    assert offsets == sorted(offsets)
    for part in (
        "y = x / sqrt(mean(x²) + eps)",
        "    rstd[...] = 1 / np.sqrt((x * x).mean(axis=1) + f(eps))",
        "    dx[...] = r * (dy - x * r * r * projection)",
        '    backend.launch("rms_norm_backward", dx, dy.reshape(rows.shape), rows, rstd, dx_in)',
        "@kernel(cost=2)\ndef rms_norm_forward(y, rstd, x, eps):",
        "        factor = projection / f(C) * r * r",
        "# microgpt/backends/numba_cpu/norm.py, line ",
        "@threads\ndef _rms_norm_forward(y, rstd, x, eps):",
    ):
        assert text.count(part) >= 1, part
    assert repr(text) == str(text)  # shows itself


@pytest.mark.parametrize("name", ops.__all__)
def test_every_operation_shows_all_that_it_runs(name):
    text = mg.source(name)
    assert text.startswith(TITLES[0])
    assert inspect.getsource(inspect.unwrap(getattr(ops, name))).rstrip() in text
    shown = op_source._kernels(name)
    for kernel in shown:
        plain = backends.get("numpy").kernels[kernel].function
        assert inspect.getsource(plain).rstrip() in mg.source(name, only="maths")
        loops = backends.get("numba").kernels[kernel].function
        assert inspect.getsource(loops).rstrip() in mg.source(name, only="loops")
        if not kernel.startswith("check_"):
            threads = backends.get("interpreter").kernels[kernel].function
            assert inspect.getsource(threads).rstrip() in mg.source(name, only="threads")
    if not shown and name not in ("reshape", "one_hot"):  # these only call NumPy
        assert "it is composed of" in mg.source(name, only="maths")


class Launched(set):
    """A tracer that collects the kernels' names."""

    def on_launch(self, name, call, arguments):
        self.add(name)

    def on_alloc(self, array):
        pass

    def on_host_read(self, what):
        pass


def test_the_kernels_shown_are_those_launched():
    x = mg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    for name in ("softmax", "rms_norm", "relu", "exp", "max", "sum", "log_softmax", "sigmoid"):
        with backends.tracing(Launched()) as seen:
            loss = getattr(ops, name)(x)
        assert seen <= set(op_source._kernels(name)), name
        assert seen, name
        with backends.tracing(Launched()) as back:
            loss.backward(loss.numpy())
        assert back - {"fill_", "accumulate_"} <= set(op_source._kernels(name)), name


@pytest.mark.parametrize("name", op_source.names())
def test_private_helpers_are_shown_once_and_machinery_never(name):
    for part in op_source.PARTS[1:]:
        text = mg.source(name, only=part)
        files = re.findall(r"^# microgpt/(\S+), line \d+$", text, re.MULTILINE)
        assert not {"/".join(file.split("/")[-2:]) for file in files} & op_source.MACHINERY
        shown = [node.name for node in ast.parse(text).body] if files else []
        called = re.findall(r"(?<![\w.])(_[a-z]\w+)\(", text)
        assert set(called) <= set(shown), part
        assert all(shown.count(helper) == 1 for helper in called)


def test_every_kernel_can_be_shown():
    """Those too that only check and raise."""
    kernels = set(backends.get("numpy").kernels)
    assert any(name.startswith("check_") for name in kernels)
    assert kernels <= set(op_source._kernels_in(op_source.MATHS))
    assert not any(name.startswith("_") for name in op_source._kernels_in(op_source.MATHS))
    for name in kernels - set(ops.__all__):
        assert f"def {name}(" in mg.source(name, only="maths")


def test_a_helper_is_that_of_its_own_file(monkeypatch, tmp_path):
    """Two files may have private helpers of one name."""
    package = tmp_path / "microgpt"
    for file, value in (("one.py", 1), ("two.py", 2)):
        folder = package / op_source.MATHS
        folder.mkdir(parents=True, exist_ok=True)
        name = file.removesuffix(".py")
        (folder / file).write_text(
            f"def {name}_forward(y):\n    _help(y)\n\n\ndef _help(y):\n    y += {value}\n"
        )
    monkeypatch.setattr(op_source, "PACKAGE", package)
    _forget_files()
    try:
        functions = op_source._functions(op_source.MATHS)
        for name, value in (("one", 1), ("two", 2)):
            listing = op_source._listing([functions[f"{name}_forward"]], op_source.MATHS)
            assert re.findall(r"y \+= (\d)", listing) == [str(value)]
    finally:
        _forget_files()


def _forget_files():
    for function in (op_source._functions, op_source._kernels_in, op_source._read):
        function.cache_clear()


def test_one_part():
    formula = mg.source("softmax", only="formula")
    assert formula.startswith("Positive numbers that sum to 1")
    assert "def " not in formula
    maths = mg.source("softmax", only="maths")
    assert "def softmax_backward(dx, dy, y):" in maths
    assert "prange" not in maths
    op = mg.source("softmax", only="op")
    assert 'backend.launch(f"{name}_forward", y, rows)' in op  # the helper that does the work
    loops = mg.source("softmax", only="loops")
    assert "def softmax_row(out, x, scale):" in loops  # what the loops share
    assert loops.count("def dot(") == 1
    assert "np.exp" not in loops


def test_operations_composed_of_others_name_them():
    maths = mg.source("causal_attention", only="maths")
    assert "composed of matmul_transposed, causal_softmax, matmul." in maths
    assert mg.source("causal_attention", only="loops") == "causal_attention has no loops of its own"


def test_a_ladder_shows_its_plain_loops_first_and_names_its_faster_kernels():
    loops = mg.source("self_attention", only="loops")
    folder = "microgpt/backends/numba_cpu/attention/"
    assert loops.startswith(f"# {folder}kernel1_loops.py, line ")
    parts = [
        "def self_attention_forward(",
        "# Pass 1: ",
        "# Pass 4: ",
        "def self_attention_backward(",
        f"#   {folder}kernel2_blocked.py: Causal self-attention in blocks",
        f"#   {folder}kernel3_small_heads.py: ",
        f"#   {folder}kernel4_transposed.py: ",
    ]
    offsets = [loops.index(part) for part in parts]
    assert offsets == sorted(offsets)
    assert "LANES," not in loops  # none of the faster code
    assert "def self_attention_forward(" in mg.source("dropout_attention", only="loops")
    assert "kernel1" not in mg.source("decode_self_attention", only="loops")

    for name in ("linear", "matmul", "linear_cross_entropy"):
        loops = mg.source(name, only="loops")
        folder = "microgpt/backends/numba_cpu/matmul/"
        first = loops.index(f"# {folder}gemm_loops.py, line ")
        launched = loops.index(f"# {folder}__init__.py, line ")
        faster = loops.index(f"#   {folder}gemm_tiled.py: The matrix product in float32")
        assert first < launched < faster
        assert loops.count("def add_dots(") == 1
        threads = mg.source(name, only="threads")
        folder = "microgpt/backends/numba_cuda/matmul/"
        first = threads.index(f"# {folder}naive.py, line ")
        assert first < threads.index(f"#   {folder}tiles.py: A block of threads a tile of 16 × 16")


def test_every_file_of_a_ladder_is_named():
    for folder, files in op_source.LADDERS.items():
        path = op_source.PACKAGE / "backends" / folder
        if folder.startswith("numba_cuda/"):
            assert all((path / file).exists() for file in files)
            continue
        found = [f.name for pattern in ("kernel*.py", "gemm_*.py") for f in path.glob(pattern)]
        assert sorted(found) == sorted(files)


def test_kernels_that_belong_to_no_operation():
    text = mg.source("adam_step_")
    assert "bias-corrected m̂ and v̂ (Kingma & Ba 2015)" in text
    assert text.count("def adam_step_(") == 3
    assert mg.source("adam_step_", only="op") == "adam_step_ has no op of its own"


def test_a_function_is_as_good_as_its_name():
    assert mg.source(mg.ops.softmax) == mg.source("softmax") == mg.source(mg.Tensor.softmax)


@pytest.mark.parametrize("wrong", ["softmx", "", "_along_rows", "load", 3, None, print])
def test_unknown_names_list_what_there_is(wrong):
    with pytest.raises(mg.SettingError, match=r"one of .*rms_norm.*softmax.*adam_step_"):
        mg.source(wrong)


def test_unknown_parts_list_what_there_is():
    with pytest.raises(mg.SettingError, match="one of 'formula', 'maths', 'op', 'loops', '"):
        mg.source("softmax", only="blocks")


def test_nothing_is_loaded_or_compiled():
    code = """
import microgpt as mg
print(mg.source("softmax", only="loops"))
"""
    run = subprocess.run(
        [sys.executable, "-c", without("numba", "llvmlite") + code],
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == mg.source("softmax", only="loops").strip()
