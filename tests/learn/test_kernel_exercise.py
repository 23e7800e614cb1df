"""Answers that are kernels: where they come from, what a card says of them, remarks, stubs."""

import inspect
import json
import linecache
import runpy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.interpreter import cuda, float32
from microgpt.learn.hints import solution_source
from microgpt.learn.kernel_runs import run_kernel
from microgpt.learn.registry import find_exercise

IDS = [exercise.id for exercise in learn.exercises() if exercise.is_kernel]
CELL = """\
def add(out, a, b):
    i = cuda.grid(1)
    out[i] = a[i] + b[i]
"""


def add(out, a, b):
    i = cuda.grid(1)
    out[i] = a[i] + b[i]


def block_sum_with_race(out, x):
    s = cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    s[t] = x[i] if i < x.shape[0] else float32(0)
    stride = cuda.blockDim.x // 2
    while stride > 0:
        if t < stride:
            s[t] += s[t + stride]
        cuda.syncthreads()
        stride //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


def run_cell(source, file="<cell>", **names):
    """Run a cell as IPython does, which keeps its source in linecache; return what it binds."""
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    namespace = {"cuda": cuda, "float32": float32, "mg": mg, **names}
    exec(compile(source, file, "exec"), namespace)
    return namespace


def line_in_file(kernel, text):
    """The line in its file of the first line of a kernel with a text."""
    lines, first = inspect.getsourcelines(kernel)
    return first + next(number for number, line in enumerate(lines) if text in line)


def test_a_card_says_which_threads_meet_where_and_what_helps():
    result = learn.check("14.block_sum", block_sum_with_race)
    write = line_in_file(block_sum_with_race, "s[t] = x[i]")
    read = line_in_file(block_sum_with_race, "s[t] += ")
    assert result.got == (
        f"In line {write} thread 4 writes s[4], and in line {read} thread 0 reads it, with nothing "
        "between them. The result is right backwards and in step, and wrong forwards."
    )
    assert "A barrier belongs between bringing and adding" in result.cause
    assert list(result.input) == ["grid", "block", "x"]
    assert (result.input["grid"], result.input["block"]) == (1, 8)
    assert result.expected is None
    assert result.got in repr(result)
    assert "thread 4 writes s[4]" in result._repr_html_()
    assert json.loads(json.dumps(result.to_dict()))["got"] == result.got


def test_a_card_says_the_shape_of_a_table_that_it_cannot_show():
    def naive(out, a, b):
        column, row = cuda.grid(2)
        if row < out.shape[0] and column < out.shape[1]:
            total = float32(0)
            for k in range(a.shape[1]):
                total += a[row, k] * b[k, column]
            out[row, column] = total

    result = learn.check("14.tiled_matmul", naive)
    assert "a (8 × 16) = [[" in repr(result)
    assert (result.got, result.expected) == ("4,096", "512")
    assert "The tile is the exercise" in result.cause


def test_lines_count_as_in_the_cell():
    source = "# my kernel\n\n" + CELL.replace("cuda.grid(1)", "cuda.threadIdx.x")
    result = learn.check("14.add", run_cell(source, "<cell 1>")["add"])
    assert result.got.startswith("In line 5 thread 0 of block 0 and thread 0 of block 1 both write")


def test_a_kernel_may_come_from_a_cell_a_file_or_a_compiler(tmp_path):
    assert learn.check("14.add", run_cell(CELL, "<cell 2>")["add"])
    (tmp_path / "mine.py").write_text(f"from microgpt.interpreter import cuda\n\n\n{CELL}", "utf-8")
    assert learn.check("14.add", runpy.run_path(str(tmp_path / "mine.py"))["add"])

    class Compiled:
        py_func = staticmethod(add)

        def __call__(self, *arrays):
            raise AssertionError("only the interpreter runs it")

    assert learn.check("14.add", Compiled())


def test_a_kernel_typed_in_ipython_is_read():
    shell = pytest.importorskip("IPython").core.interactiveshell.InteractiveShell.instance()
    try:
        shell.run_cell("from microgpt.interpreter import cuda", silent=True)
        assert shell.run_cell(CELL, store_history=True).success
        assert learn.check("14.add", shell.user_ns["add"])
    finally:
        type(shell).clear_instance()


def test_a_kernel_may_call_a_function_of_another_cell():
    names = run_cell("def plus(x, y):\n    return x + y\n", "<cell 3>")
    cell = CELL.replace("a[i] + b[i]", "plus(a[i], b[i])")
    assert learn.check("14.add", run_cell(cell, "<cell 4>", plus=names["plus"])["add"])


def without_source():
    namespace = {"cuda": cuda}
    exec(CELL, namespace)
    return namespace["add"]


def with_a_tuple(*arrays):
    i = cuda.grid(1)
    arrays[0][i] = arrays[1][i] + arrays[2][i]


REFUSED = {
    "a lambda": (lambda out, a, b: None, "Write it with `def`, in a cell or a file"),
    "no source": (without_source(), "cannot be read from here"),
    "a built-in function": (max, "Write it with `def`"),
    "an array": (np.zeros(3), "Hand over the function itself"),
    "parameters in a tuple": (with_a_tuple, "one by one"),
    "two parameters": (lambda out, a: None, "Change the line that begins with def"),
    "inputs first": (lambda a, b, out: None, "another order than in the signature"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_kernel_ends_in_a_sentence(name):
    answer, cause = REFUSED[name]
    result = learn.check("14.add", answer)
    assert result.state == "not yet"
    assert cause in result.cause, repr(result)


BODIES = {
    "an unknown name": ("i = undefined_name", "NameError", "Check the spelling of this one"),
    "an unknown function": ("cuda.sync()", "cuda.sync is not interpreted", "A compiler for GPUs"),
    "an error": ("i = 1 // 0", "ZeroDivisionError", "A thread stopped with an error"),
    "a comprehension": ("i = sum([1, 2])\n    [x for x in (1, 2)]", "comprehension", "A compiler"),
    "an endless loop": ("while True:\n        pass", "did not end", "A loop never ends"),
    "endless reads": ("while a[0] == a[0]:\n        pass", "did not end", "A loop never ends"),
    "an end of the program": ("raise SystemExit", "SystemExit", "stopped with an error"),
    "a changed input": (
        "i = cuda.grid(1)\n    out[i] = a[i] + b[i]\n    a[i] = out[i]", "a was changed",
        "Only the output is written",
    ),
    "three indices": ("out[0, 0, 0] = a[0]", "has 1 axes; got 3 indices", "A compiler for GPUs"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_what_stops_a_kernel_is_told_in_a_sentence(name):
    body, got, cause = BODIES[name]
    cell = f"def add(out, a, b):\n    {body}\n"
    result = learn.check("14.add", run_cell(cell, f"<{name}>")["add"])
    assert result.state == "not yet"
    assert got in result.got
    assert cause in result.cause


def test_a_for_loop_that_never_ends_is_stopped(short_cpu_limit):
    cell = "def add(out, a, b):\n    for i in range(10**15):\n        pass\n"
    result = learn.check("14.add", run_cell(cell, "<endless for>")["add"])
    assert result.property == "Your answer comes back within 2 seconds."  # four times as many
    assert "A loop never ends" in result.cause


STUBS = [
    "pass",
    "...",
    "return mg.learn.todo()",
    "raise NotImplementedError",
    '"""Later."""\n    ...',
]


@pytest.mark.parametrize("body", STUBS)
def test_a_stub_is_not_attempted(body):
    cell = f"def add(out, a, b):\n    {body}\n"
    assert learn.check("14.add", run_cell(cell, f"<stub {body}>")["add"]).state == "not attempted"


def test_what_a_kernel_prints_is_not_shown_and_remarked(capsys):
    cell = CELL + "    print(i)\n"
    result = learn.check("14.add", run_cell(cell, "<prints>")["add"])
    assert result
    assert "What it prints is not shown" in result.message
    assert capsys.readouterr().out == ""


def test_remarks_say_what_a_right_kernel_costs():
    def spread_out(out, a, b):
        i = cuda.threadIdx.x * cuda.gridDim.x + cuda.blockIdx.x
        out[i] = a[i] + b[i]

    def doubles(out, a, b):
        i = cuda.grid(1)
        out[i] = a[i] + b[i] + 0.0

    def added_by_one_thread(out, x):
        s = cuda.shared.array(64, float32)
        t = cuda.threadIdx.x
        i = cuda.grid(1)
        s[t] = x[i] if i < x.shape[0] else float32(0)
        cuda.syncthreads()
        if t == 0:
            total = float32(0)
            for k in range(cuda.blockDim.x):
                total += s[k]
            out[cuda.blockIdx.x] = total

    assert (
        "requests 48 sectors of 32 bytes from global memory where 24 do"
        in learn.check("14.add", spread_out).message
    )
    result = learn.check("14.add", doubles)
    line = line_in_file(doubles, "0.0")
    assert f"Line {line} computes in float64" in result.message
    result = learn.check("14.block_sum", added_by_one_thread)
    assert result
    assert "Shared memory takes 66 passes where 21 do" in result.message
    assert "2.8 threads take part on average" in result.message


@pytest.mark.parametrize("id", IDS)
def test_a_solution_costs_least_and_computes_in_float32(id):
    exercise = find_exercise(id)
    result = learn.check(id, exercise.solution)
    assert result.message == "Every property holds."
    grid, block, *inputs = exercise.example.arguments
    run = run_kernel(exercise.solution, grid, block, inputs, exercise.example.result)
    assert not run.harmless


@pytest.mark.parametrize("id", IDS)
def test_the_solution_that_is_shown_is_right_in_a_cell(id):
    exercise = find_exercise(id)
    source = solution_source(exercise)
    assert "from microgpt.interpreter import cuda, float32" in source
    assert learn.check(id, run_cell(source, f"<solution {id}>")[exercise.answer_name])


@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_solutions_are_right_for_other_seeds(id, seed):
    assert learn.check(id, find_exercise(id).solution, seed)


def test_every_order_has_to_be_right():
    exercise = find_exercise("14.block_sum")
    x = np.arange(1, 6, dtype=np.float32)
    run = exercise.call(block_sum_with_race, 1, 8, x)
    assert list(run.outputs) == ["forwards", "backwards", "in step"]
    assert run.wrong_orders(exercise.expected(1, 8, x), 1e-5) == ["forwards"]
    np.testing.assert_array_equal(x, np.arange(1, 6))


def test_mistakes_of_a_kernel_need_a_rule():
    exercise = find_exercise("14.add")
    mistake = learn.CommonMistake("none", add, "Never.")
    with pytest.raises(mg.SettingError, match="each with `matches`"):
        replace(exercise, common_mistakes=(mistake,))


def test_a_mistake_needs_a_run():
    exercise = find_exercise("14.add")
    assert exercise.find_mistake(None, ()) is None
    failed = SimpleNamespace(error=ValueError())
    assert exercise.find_mistake(failed, ()) is None
