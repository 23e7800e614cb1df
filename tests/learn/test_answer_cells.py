"""An answer that is older than its cell is not checked: the cell's error is named instead."""

import json
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from microgpt.learn import answer_cells
from microgpt.learn.answer_cells import find_cell_error, names_set_by_cell

# Runs each cell in IPython's shell, and after each prints what `find_cell_error` says of `f`.
SHELL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
from microgpt.learn.answer_cells import find_cell_error, record_cells
record_cells()
errors = []
shell.showtraceback = lambda *arguments, **settings: None
shell.showsyntaxerror = shell.showindentationerror = shell.showtraceback
for cell in json.load(sys.stdin):
    shell.run_cell(cell)
    errors.append(find_cell_error("f", shell.user_ns.get("f")))
print(json.dumps(errors))
"""


def errors_after(*cells):
    """What is known of `f` after each cell."""
    run = subprocess.run(
        [sys.executable, "-c", SHELL], input=json.dumps(cells), capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_the_last_run_of_the_cell_that_sets_a_name_counts():
    ZERO = "ZeroDivisionError: division by zero"
    assert errors_after(
        "f = object()",
        "f = 1 / 0",  # keeps the object
        "x = 1",  # another cell, which ends well
        "y = 1 / 0",  # another cell, which does not
        "f = object()",
        "import math\nf = math.absent(\n    1\n)\nf",
        "del f",
        "f = 1 / 0",  # no earlier value that could be checked
    ) == ["", ZERO, ZERO, ZERO, "", "AttributeError: module 'math' has no attribute 'absent'", "",
          ""]  # fmt: skip


def test_an_error_after_the_name_was_set_leaves_a_new_answer():
    assert errors_after("f = 1 / 0", "f = [1]; f.absent", "f = [2]\n1 / 0") == ["", "", ""]


def test_the_same_value_set_again_is_an_answer():
    found = errors_after("g = f = [1]", "f = 1 / 0", "f = g")
    assert [bool(error) for error in found] == [False, True, False]


def test_cells_that_python_cannot_read_are_errors_too():
    first, *errors, end = errors_after(
        "def f(x):\n    return x",
        "def f(x):\n    return x +",
        "def f(x):\n  return x\n    y = 3",
        "f = (1, 2",
        "x = 1\nf(1) = 3",  # no cell that sets f, so what is known stays
        "class f:\n    x = = 3",
        "def f(x):\n    return x",
    )
    assert first == end == ""
    assert errors[0] == "SyntaxError: invalid syntax (line 2)"
    assert errors[1].startswith("IndentationError: ")
    assert errors[2] == errors[3]
    assert errors[4] == "SyntaxError: invalid syntax (line 2)"


def test_a_name_set_in_another_way_is_trusted():
    cells = ("f = [1]", "f = 1 / 0", "exec('f = [2]')", "f = 1 / 0", "globals()['f'] = [3]")
    found = errors_after(*cells)
    assert [bool(error) for error in found] == [False, True, False, True, False]


def test_magics_and_interruptions():
    assert errors_after(
        "f = [1]", "%%time\nf = 1 / 0", "f = [2]", "%absent\nf = 1 / 0",
        "raise KeyboardInterrupt\nf = 2",
    )[1:] == [
        "ZeroDivisionError: division by zero", "",
        "UsageError: Line magic function `%absent` not found.", "KeyboardInterrupt",
    ]  # fmt: skip


def test_an_earlier_answer_under_another_name_is_checked(monkeypatch):
    shell = SimpleNamespace(
        user_ns={"f": "old"}, transform_cell=str, events=SimpleNamespace(register=lambda *_: None)
    )
    recorder = answer_cells.CellRecorder(shell)
    monkeypatch.setattr(answer_cells, "record_cells", lambda: recorder)
    recorder.on_cell_start(SimpleNamespace(raw_cell="f = 1 / 0"))
    recorder.on_cell_end(SimpleNamespace(error_before_exec=None, error_in_exec=ValueError("no")))
    assert find_cell_error("f", "old") == "ValueError: no"
    assert find_cell_error("g", "old") == ""
    shell.user_ns["f"] = "new"
    assert find_cell_error("f", "old") == find_cell_error("f", "new") == ""


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("f = 1", {"f"}),
        ("f: int = 1\ng += 1", {"f", "g"}),
        ("f, (g, *h) = 1, (2, 3)", {"f", "g", "h"}),
        ("def f(x):\n    y = 1\nclass A:\n    z = 2", {"f", "A"}),
        ("async def f(): pass", {"f"}),
        ("import numpy as np, os.path\nfrom math import exp", {"np", "os", "exp"}),
        ("if x:\n    f = 1\nfor i in x:\n    g = 2\nwith a as h: pass", {"f", "i", "g", "h"}),
        ("x.f = 1\ny['f'] = 2\nf(1)\nf == 2", set()),
        ("[f for f in x]; {f: 1 for f in x}; (lambda: (g := 1))", set()),
        ("f = (1\nasync def g(:\nh: int = 3\nf == 2\nk(h=1)\n  i = 2", {"f", "g", "h"}),
    ],
)
def test_the_names_that_a_cell_sets(source, names):
    assert names_set_by_cell(source) == names


def test_without_ipython_nothing_is_recorded(monkeypatch):
    monkeypatch.setattr(answer_cells, "_recorder", None)
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert find_cell_error("f", 1) == ""
    assert answer_cells.record_cells() is None


def test_a_notebook():
    """In a kernel: the answer's cell fails, other cells run, and the check says so."""
    check = "learn.check('00.first_change', my_run)"
    cells = (
        "import microgpt as mg\nfrom microgpt import learn\nnames = mg.load_corpus('names-mini')",
        "my_run = learn.todo()",
        "my_run = mg.GPTConfig.microgpt(width=32)",
        check,
        "my_run = mg.Trainer(mg.GPT(), names, mg.TrainConfig(steps=2))\nmy_run.run();",
        f"my_run = mg.GPT(mg.GPTConfig.microgpt(width=32))\n{check}",
        "1 + 1",
        check,
        "def temperature(logits, T):\n    return logits",
        "def temperature(logits, T):\n    return logits /",
        "learn.check('09.temperature', temperature)",
        "my_run = mg.Trainer(mg.GPT(), names, mg.TrainConfig(steps=3))\nmy_run.run();",
        check,
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3", allow_errors=True, timeout=120).execute()
    cards = {
        index: output["data"]["text/plain"]
        for index, cell in enumerate(notebook.cells)
        for output in cell.outputs
        if output["output_type"] == "execute_result"
    }
    first, second, syntax, end = cards[3], cards[7], cards[10], cards[12]
    for card in (first, second):
        assert "The last run of the cell that sets my_run ended without an error." in card
        assert "got: TypeError: GPTConfig.__init__() got an unexpected keyword argument" in card
        assert "the width is set in mg.GPTConfig.microgpt(n_embd=…)" in card
    assert "no error; my_run is still the stub" in first
    assert "my_run still holds an earlier value, which was not checked" in second
    assert "got: SyntaxError: invalid syntax (line 2)" in syntax
    assert "often a bracket, a quote or a colon is missing" in syntax
    assert end.startswith("✓ Correct")
