"""Which names of a notebook are older than their cell: its last run failed before it set them.

Without this, `check` would explain an answer that the learner has already replaced. IPython says
when a cell begins and how it ends; outside IPython nothing is recorded.
"""

import ast
import re
import sys
from dataclasses import dataclass
from typing import Any

MISSING = object()
# What sets a name, in a cell that Python cannot parse.
ASSIGNMENT = re.compile(
    r"^(?:(?:async\s+)?def\s+(\w+)|class\s+(\w+)|(\w+)\s*(?::[^=\n]*)?=(?!=))", re.MULTILINE
)
LOCAL_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class CellError:
    """The error of a cell, as "type: text" on one line, and the value that a name had before it."""

    message: str
    value_before: Any


class CellRecorder:
    """Records, in one IPython shell, the names whose cell ended in an error the last time."""

    def __init__(self, shell: Any):
        self.shell = shell
        self.errors: dict[str, CellError] = {}
        self._values_before: dict[str, Any] = {}
        shell.events.register("pre_run_cell", self.on_cell_start)
        shell.events.register("post_run_cell", self.on_cell_end)

    def on_cell_start(self, info: Any) -> None:
        """Keep the values of the names that the cell sets, from IPython's `ExecutionInfo`."""
        names = names_set_by_cell(_python_source(self.shell, info.raw_cell or ""))
        self._values_before = {name: self.shell.user_ns.get(name, MISSING) for name in names}

    def on_cell_end(self, result: Any) -> None:
        """Record the names that the cell was to set if it failed, from its `ExecutionResult`."""
        error = result.error_before_exec or result.error_in_exec
        for name, value in self._values_before.items():
            self.errors.pop(name, None)
            if error is not None:
                self.errors[name] = CellError(_message(error), value)
        self._values_before = {}


_recorder: CellRecorder | None = None


def record_cells() -> CellRecorder | None:
    """Record from now on how the cells of this notebook end; return None outside IPython."""
    global _recorder
    ipython = sys.modules.get("IPython")  # not imported for this: a script has no cells
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None:
        return None
    if _recorder is None or _recorder.shell is not shell:
        _recorder = CellRecorder(shell)
    return _recorder


def find_cell_error(name: str, value: Any) -> str:
    """Return the error because of which a notebook's name still has this value; "" if none.

    If the name has another value than before the error, the cell had already set it, or something
    that is not recorded has, such as `exec`.
    """
    recorder = record_cells()
    error = None if recorder is None else recorder.errors.get(name)
    if recorder is None or error is None or error.value_before is not value:
        return ""
    return error.message if recorder.shell.user_ns.get(name, MISSING) is value else ""


def names_set_by_cell(source: str) -> set[str]:
    """Return the names that a cell's Python code sets at its top level."""
    try:
        return _names_set_by(ast.parse(source))
    except (SyntaxError, ValueError):
        return {name for names in ASSIGNMENT.findall(source) for name in names if name}


def _names_set_by(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.alias):
        return {node.asname or node.name.partition(".")[0]}
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, LOCAL_SCOPES):
        return set()
    return {name for child in ast.iter_child_nodes(node) for name in _names_set_by(child)}


def _python_source(shell: Any, cell: str) -> str:
    """Return a cell's code as Python, with magics as calls, and without a cell magic's line."""
    if cell.lstrip().startswith("%%"):
        cell = cell.lstrip().partition("\n")[2]
    try:
        return str(shell.transform_cell(cell))
    except Exception:  # such as a SyntaxError
        return cell


def _message(error: BaseException) -> str:
    """Return an error on one line; of a SyntaxError the line, without the cell's file name."""
    text = f"{error.msg} (line {error.lineno})" if isinstance(error, SyntaxError) else str(error)
    return " ".join(f"{type(error).__name__}: {text}".split()).removesuffix(":")
