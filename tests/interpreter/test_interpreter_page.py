"""docs/interpreter.md: its example runs as printed, and its table has every finding."""

import contextlib
import io
import linecache
import re
from pathlib import Path

import microgpt as mg

PAGE = (Path(__file__).parents[2] / "docs" / "interpreter.md").read_text("utf-8")
CODE = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
PRINTED, RACE = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)


def run_example(name, code):
    """Run the page's code as a notebook's cell, whose source can be read; return what it prints."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    space, output = {}, io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, name, "exec"), space)
    return output.getvalue().strip(), space["report"]


def test_the_example_prints_what_stands_there():
    assert run_example("<example>", CODE)[0] == PRINTED


def test_without_the_barrier_it_says_what_stands_there():
    lines = [line for line in CODE.splitlines(keepends=True) if "syncthreads" not in line]
    _, report = run_example("<without barrier>", "".join(lines))
    first = report.findings[0]
    assert f"[{first.type}] {first.text}" == " ".join(RACE.split())


def test_the_table_has_every_finding():
    assert tuple(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == mg.interpreter.FINDING_TYPES
