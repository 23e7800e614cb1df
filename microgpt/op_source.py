"""`source`: an operation's formula, its maths, its own code and its loops, read from the files."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from microgpt import ops
from microgpt.backends import Table
from microgpt.errors import SettingError

PACKAGE = Path(__file__).parent
OPS, MATHS, LOOPS = "ops", "backends/numpy_ref", "backends/numba_cpu"
PARTS = ("formula", "maths", "op", "loops")
TITLES = {
    "formula": "The formula",
    "maths": "The maths: whole arrays in NumPy",
    "op": "The operation: its kernels, and its gradient's",
    "loops": "The loops: the same kernels, which Numba compiles",
}
TWINS = PACKAGE / "ops" / "decompositions.py"

# What makes kernels fast rather than says what they compute.
MACHINERY = {
    *("jit/compile.py", "jit/cache.py", "jit/check.py", "jit/replay.py", "jit/threads.py"),
    *("simd/vector.py", "simd/tiles.py", "simd/intrinsics.py"),
}
# Folders of functions that several kernels share.
SHARED = {"simd", "attention"}


@dataclass(frozen=True)
class _Function:
    """A function as it stands in its file: what it calls from there, and the texts in it."""

    name: str
    file: Path
    line: int
    text: str
    calls: tuple[str, ...]
    strings: tuple[str, ...]
    docstring: str


def source(name: str | Callable, only: str | None = None) -> Table:
    """How an operation is written: a text with its formula, its maths, its op and its loops.

    `name` is an operation ("rms_norm"), a kernel ("adam_step_"), or the function itself; `only`
    is "formula", "maths", "op" or "loops". Read from the files: nothing is compiled, and numba
    need not be there. An operation made of others says of which.
    """
    if only not in (None, *PARTS):
        raise SettingError(f"only={only!r} is not known; known: {', '.join(map(repr, PARTS))}")
    name = str(getattr(name, "__name__", name))
    if name not in ops.__all__ and name not in _kernels_in(MATHS):
        raise SettingError(f"there is no operation {name!r}; known: {', '.join(names())}")
    parts = _parts(name)
    if only is not None:
        return Table(parts[only] or f"{name} has no {only} of its own")
    shown = [f"# {TITLES[part]}\n\n{parts[part]}" for part in PARTS if parts[part]]
    return Table("\n\n\n".join(shown))


@cache
def names() -> tuple[str, ...]:
    """What `source` can show: the operations, and the kernels that belong to none of them."""
    owned = {kernel for name in ops.__all__ for kernel in _kernels(name)}
    return (*ops.__all__, *(name for name in _kernels_in(MATHS) if name not in owned))


def _parts(name: str) -> dict[str, str]:
    op = _functions(OPS).get(name) if name in ops.__all__ else None
    kernels = _kernels(name) if op else [name]
    maths, loops = (
        [_kernels_in(folder)[kernel] for kernel in kernels if kernel in _kernels_in(folder)]
        for folder in (MATHS, LOOPS)
    )
    parts = {
        "formula": (op or maths[0]).docstring,
        "maths": _written(maths, MATHS),
        "op": _written([op, *_twin(name)], OPS) if op else "",
        "loops": _written(loops, LOOPS),
    }
    without = [kernel for kernel in kernels if kernel not in _kernels_in(LOOPS)]
    if without:
        parts["loops"] += f"\n\n# No loop is written for {', '.join(without)}: NumPy's runs."
    others = _made_of(name) if op and not kernels else []
    if others:
        parts["maths"] = (
            f"{name} has no kernels of its own: it is made of {', '.join(others)}.\n"
            f'mg.source("{others[0]}") shows one of them.'
        )
    return parts


def _twin(name: str) -> list[_Function]:
    """What a fused operation is composed of, where somebody looks inside."""
    twin = _functions(OPS, TWINS).get(name)
    return [] if twin is None else [twin]


def _kernels(name: str) -> list[str]:
    """The kernels that an operation launches, by the names in its code and its helpers' code."""
    texts: dict[str, None] = {}
    for function in _with_helpers(_functions(OPS)[name], OPS):
        for text in function.strings:
            texts |= dict.fromkeys((text, f"{text}_forward", f"{text}_backward"))
    return [text for text in texts if text in _kernels_in(MATHS)]


def _made_of(name: str) -> list[str]:
    used = [call for part in _with_helpers(_functions(OPS)[name], OPS) for call in part.calls]
    return [call for call in dict.fromkeys(used) if call in ops.__all__ and call != name]


def _written(functions: list[_Function], folder: str) -> str:
    """The functions with their helpers, each once, under the names of their files."""
    parts: dict[_Function, None] = {}
    for function in functions:
        parts |= dict.fromkeys(_with_helpers(function, folder))
    lines: list[str] = []
    for part in parts:
        place = part.file.relative_to(PACKAGE.parent).as_posix()
        lines.append(f"# {place}, line {part.line}\n{part.text}")
    return "\n\n".join(lines)


def _with_helpers(function: _Function, folder: str) -> list[_Function]:
    """A function, and what it calls of its own file's private functions or shared private files."""
    found = {function: None}
    for part in found.copy():
        for call in part.calls:
            helper = _functions(folder, part.file).get(call) or _functions(folder).get(call)
            if helper is not None and "/".join(helper.file.parts[-2:]) not in MACHINERY:
                folder_name = helper.file.parent.name
                private = call.startswith("_") or helper.file.name.startswith("_")
                private = private or folder_name in SHARED
                if private and helper not in found:
                    found |= dict.fromkeys(_with_helpers(helper, folder))
    return list(found)


@cache
def _functions(folder: str, file: Path | None = None) -> dict[str, _Function]:
    """The top-level functions of one file, or of all files of a folder, by name.

    Twins bear the names of the fused operations; they are asked for by their file.
    """
    files = [file] if file else [f for f in sorted((PACKAGE / folder).rglob("*.py")) if f != TWINS]
    return {function.name: function for path in files for function in _read(path)}


@cache
def _kernels_in(folder: str) -> dict[str, _Function]:
    """The functions of a back end that are launched by name."""
    ends = ("_forward", "_backward", "_")
    return {
        name: function
        for name, function in _functions(folder).items()
        if (name.endswith(ends) or name.startswith("check_")) and not name.startswith("_")
    }


def _read(path: Path) -> Iterator[_Function]:
    text = path.read_text("utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    here = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("microgpt."):
            here |= {alias.name for alias in node.names}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            inside = sorted(
                (part for part in ast.walk(node) if isinstance(part, ast.Name | ast.Constant)),
                key=lambda part: (part.lineno, part.col_offset),
            )
            docstring = ast.get_docstring(node, clean=True) or ""
            yield _Function(
                name=node.name,
                file=path,
                line=first,
                text="\n".join(lines[first - 1 : node.end_lineno]),
                calls=tuple(
                    part.id for part in inside if isinstance(part, ast.Name) and part.id in here
                ),
                strings=tuple(
                    part.value
                    for part in inside
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                ),
                docstring=docstring,
            )
