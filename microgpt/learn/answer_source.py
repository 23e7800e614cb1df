"""The source of an answer, with the helpers, constants and imports that it uses.

`remember` keeps it, for this session, when `check` has found the answer correct.
"""

import ast
import builtins
import inspect
import symtable
import sys
import textwrap
import types
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from microgpt.learn.messages import format_message
from microgpt.learn.workbook_sections import part_ids

MISSING = object()
CONSTANTS = (int, float, complex, str, bytes, bool, type(None))
MAX_CONSTANT_LENGTH = 80  # characters
LIBRARIES = ("math", "numpy")  # whose functions may not tell their module


class SourceUnavailable(Exception):
    """An answer whose source cannot stand alone; the message is a sentence for the learner."""


@dataclass(frozen=True)
class AnswerSource:
    """The code that defines an answer under its exercise's name.

    `imports` are lines and `definitions` statements, by the global name that each of them binds;
    the answer's is the last.
    """

    imports: dict[str, str]
    definitions: dict[str, str]

    def code(self, without: Collection[str] = ()) -> str:
        """Return the code; `without` are global names that are bound already."""
        imports = [line for name, line in self.imports.items() if name not in without]
        parts = [text for name, text in self.definitions.items() if name not in without]
        return "\n\n\n".join([*(["\n".join(imports)] if imports else []), *parts])


_correct: dict[str, AnswerSource | SourceUnavailable] = {}


def remember(id: str, name: str, answer: Any) -> None:
    """Keep the source of a correct answer to the exercise `id`, or why there is none.

    Functions of this package, such as a solution handed to `check`, are nobody's answer.
    """
    if str(getattr(answer, "__module__", "")).partition(".")[0] == "microgpt":
        return
    try:
        _correct[id] = find_source(answer, name)
    except SourceUnavailable as error:
        _correct[id] = error


def correct_answers() -> dict[str, AnswerSource | SourceUnavailable]:
    """Return what is known of the answers that were correct in this session, by id."""
    return dict(_correct)


def find_source(answer: Any, name: str) -> AnswerSource:
    """Return the source of a function as the answer `name`; raise SourceUnavailable if it has none.

    The functions of the workbook's other parts are left out: the workbook has them.
    """
    if not isinstance(answer, types.FunctionType):
        raise _unavailable("no_function", name=name)
    source = AnswerSource({}, {})
    _collect(inspect.unwrap(answer), name, source)
    own_name = next(reversed(source.definitions))
    if own_name != name:
        source.definitions[name] = f"{name} = {own_name}"
    return source


def _collect(function: Any, answer: str, found: AnswerSource) -> None:
    """Add the definition of a function or class, after those of the global names that it uses."""
    name, source = _definition(function, answer)
    closure = getattr(getattr(function, "__code__", None), "co_freevars", ())
    if closure:
        raise _unavailable("closure", name=answer, used=closure[0])
    module = function.__module__
    namespace = getattr(function, "__globals__", vars(sys.modules[module]))
    found.definitions[name] = source  # now, so that functions that call each other end
    for used in _global_names(source):
        value = namespace.get(used, getattr(builtins, used, MISSING))
        is_builtin = value is getattr(builtins, used, found)
        if not is_builtin and used not in {**found.definitions, **found.imports}:
            _collect_name(used, value, module, answer, found)
    found.definitions[name] = found.definitions.pop(name)  # last, after what it uses


def _collect_name(used: str, value: Any, module: str, answer: str, found: AnswerSource) -> None:
    """Add the import or the definition of a global name that the module of an answer binds."""
    if used in {id.partition(".")[2] for id in part_ids()}:
        is_module = isinstance(value, types.ModuleType)
        if is_module or getattr(value, "__module__", module) not in (module, "__main__"):
            raise _unavailable("part_name", name=answer, used=used)
    elif line := _import_line(used, value, module):
        found.imports[used] = line
    elif type(value) in CONSTANTS and len(repr(value)) <= MAX_CONSTANT_LENGTH:
        found.definitions[used] = f"{used} = {value!r}"
    elif isinstance(value, types.FunctionType | type) and value.__name__ == used:
        _collect(value, answer, found)
    else:
        raise _unavailable("uses", name=answer, used=used)


def _definition(function: Any, answer: str) -> tuple[str, str]:
    """Return the name that a function's or a class's statement binds, and the statement."""
    try:
        source = textwrap.dedent(inspect.getsource(function)).rstrip()
        statement = ast.parse(source).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        raise _unavailable("no_source", name=answer) from None
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        if isinstance(statement.value, ast.Lambda) and len(statement.targets) == 1:
            return statement.targets[0].id, source
    elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return statement.name, source
    raise _unavailable("no_source", name=answer)


def _global_names(source: str) -> list[str]:
    """Return the names that code reads from outside itself, in alphabetical order."""
    names: set[str] = set()
    tables = [symtable.symtable(source, "answer", "exec")]
    top = {symbol.get_name() for symbol in tables[0].get_symbols() if symbol.is_assigned()}
    top |= {child.get_name() for child in tables[0].get_children()}
    for table in tables:
        tables += table.get_children()
        is_top = table.get_type() == "module"
        names |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (symbol.is_global() or is_top)
        }
    return sorted(names - top)


def _import_line(name: str, value: Any, own_module: str) -> str:
    """Return the line that imports a module, or what one has; "" for what the answer's own has."""
    if isinstance(value, types.ModuleType):
        same = value.__name__ == name
        return f"import {value.__name__}" + ("" if same else f" as {name}")
    original = str(getattr(value, "__name__", name))
    home = getattr(value, "__module__", None) or ""
    packages = [home.rsplit(".", count)[0] for count in range(home.count(".") + 1)]
    for module in (*packages, *LIBRARIES):
        if module in ("", "__main__", own_module) or not callable(value):
            continue
        if getattr(sys.modules.get(module), original, MISSING) is value:
            renamed = "" if original == name else f" as {name}"
            return f"from {module} import {original}{renamed}"
    return ""


def _unavailable(key: str, **values: str) -> SourceUnavailable:
    return SourceUnavailable(format_message("workbook", key, **values))
