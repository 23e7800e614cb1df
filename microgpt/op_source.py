"""`source`: an operation's formula, maths, own code, loops and threads, read from the files."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from microgpt import ops
from microgpt.backends import Table
from microgpt.errors import SettingError

PACKAGE = Path(__file__).parent
OPS, MATHS = "ops", "backends/numpy_ref"
LOOPS, THREADS = "backends/numba_cpu", "backends/numba_cuda"
PARTS = ("formula", "maths", "op", "loops", "threads")
TITLES = {
    "formula": "The formula",
    "maths": "The maths: whole arrays in NumPy",
    "op": "The operation: its kernels, and its gradient's",
    "loops": "The loops: the same kernels, which Numba compiles",
    "threads": "The threads: the same kernels, as a GPU runs them",
}
DECOMPOSITIONS = PACKAGE / OPS / "decompositions.py"

# What makes kernels fast, not what they compute: never shown as a helper.
MACHINERY = {
    *("jit/compile.py", "jit/kernel.py", "jit/cache.py", "jit/kernel_cache.py"),
    *("jit/check.py", "jit/launch_table.py", "jit/threads.py", "jit/prange.py"),
    *("simd/vector.py", "simd/tiles.py", "simd/intrinsics.py"),
    *("numba_cuda/_device.py", "numba_cuda/_launch.py"),
}
SHARED_FOLDER = "simd"  # its functions are shown as helpers wherever they are called

# Folders that read as a ladder. The first file is shown first, the faster ones are named.
LADDERS = {
    "numba_cpu/attention": (
        *("kernel1_loops.py", "kernel2_blocked.py", "kernel3_small_heads.py"),
        "kernel4_transposed.py",
    ),
    "numba_cpu/matmul": ("gemm_loops.py", "gemm_tiled.py"),
    "numba_cuda/attention": ("wide_heads.py", "forward.py", "backward.py"),
    "numba_cuda/matmul": (
        *("naive.py", "tiles.py", "registers.py", "unrolled.py", "tensor_cores.py", "vendor.py"),
    ),
}


@dataclass(frozen=True)
class _Function:
    """A function as it stands in its file: what it calls from there, and the strings in it."""

    name: str
    file: Path
    line: int
    text: str
    calls: tuple[str, ...]
    strings: tuple[str, ...]
    docstring: str


def source(name: str | Callable, only: str | None = None) -> Table:
    """How an operation is written: a text with its formula, maths, op, loops and threads.

    `name` is an operation ("rms_norm"), a kernel ("adam_step_"), or the function itself; `only`
    is "formula", "maths", "op", "loops" or "threads". Read from the files: nothing is compiled, and
    numba need not be installed. An operation composed of others names them. Of kernels that grew
    faster step by step, the plain ones are shown, and the faster ones are named.
    """
    if only not in (None, *PARTS):
        raise SettingError("only", got=only, choices=PARTS)
    name = str(getattr(name, "__name__", name))
    if name not in ops.__all__ and name not in _kernels_in(MATHS):
        raise SettingError("name", got=name, choices=names())
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
    maths, loops, threads = (
        [_kernels_in(folder)[kernel] for kernel in kernels if kernel in _kernels_in(folder)]
        for folder in (MATHS, LOOPS, THREADS)
    )
    parts = {
        "formula": (op or maths[0]).docstring,
        "maths": _listing(maths, MATHS),
        "op": _listing([op, *_decomposition(name)], OPS) if op else "",
        "loops": _with_ladders(loops, LOOPS),
        "threads": _with_ladders(threads, THREADS),
    }
    missing = [kernel for kernel in kernels if kernel not in _kernels_in(LOOPS)]
    if missing:
        parts["loops"] += f"\n\n# No loop is written for {', '.join(missing)}: NumPy's runs."
    others = _composed_of(name) if op and not kernels else []
    if others:
        parts["maths"] = (
            f"{name} has no kernels of its own: it is composed of {', '.join(others)}.\n"
            f'mg.source("{others[0]}") shows one of them.'
        )
    return parts


def _decomposition(name: str) -> list[_Function]:
    """What a fused operation is composed of, where somebody looks inside."""
    function = _functions(OPS, DECOMPOSITIONS).get(name)
    return [] if function is None else [function]


def _kernels(name: str) -> list[str]:
    """The kernels that an operation launches, by the names in its code and its helpers' code."""
    strings: dict[str, None] = {}
    for function in _with_helpers(_functions(OPS)[name], OPS):
        for string in function.strings:
            strings |= dict.fromkeys((string, f"{string}_forward", f"{string}_backward"))
    return [string for string in strings if string in _kernels_in(MATHS)]


def _composed_of(name: str) -> list[str]:
    calls = [call for part in _with_helpers(_functions(OPS)[name], OPS) for call in part.calls]
    return [call for call in dict.fromkeys(calls) if call in ops.__all__ and call != name]


def _with_ladders(kernels: list[_Function], folder: str) -> str:
    """The kernels; of a ladder its first file before them, and its other files named."""
    ladders = dict.fromkeys(ladder for kernel in kernels if (ladder := _ladder(kernel)))
    first = [function for ladder in ladders for function in _read(ladder[0])]
    texts = [_listing([*first, *kernels], folder)]
    for _, *faster in ladders:
        lines = [f"#   {_location(file)}: {_first_line(file)}" for file in faster]
        texts.append("\n".join(["# Faster, and tested to compute the same:", *lines]))
    return "\n\n".join(texts)


def _ladder(kernel: _Function) -> tuple[Path, ...]:
    """The files of the ladder that a kernel is part of; () if of none."""
    folder = kernel.file.parent
    ladder = tuple(folder / name for name in LADDERS.get("/".join(folder.parts[-2:]), ()))
    return ladder if kernel.file in (*ladder, folder / "__init__.py") else ()


def _listing(functions: list[_Function], folder: str) -> str:
    """The functions with their helpers, each once, under the names of their files."""
    parts: dict[_Function, None] = {}
    for function in functions:
        parts |= dict.fromkeys(_with_helpers(function, folder))
    return "\n\n".join(f"# {_location(part.file)}, line {part.line}\n{part.text}" for part in parts)


def _location(file: Path) -> str:
    return file.relative_to(PACKAGE.parent).as_posix()


def _first_line(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0]


def _with_helpers(function: _Function, folder: str) -> list[_Function]:
    """A function, and its helpers: private ones of its own file, and those of shared files."""
    found = {function: None}
    for part in found.copy():
        for call in part.calls:
            helper = _functions(folder, part.file).get(call) or _functions(folder).get(call)
            if helper is not None and "/".join(helper.file.parts[-2:]) not in MACHINERY:
                shown = call.startswith("_") or helper.file.name.startswith("_")
                shown = shown or helper.file.parent.name == SHARED_FOLDER
                if shown and helper not in found:
                    found |= dict.fromkeys(_with_helpers(helper, folder))
    return list(found)


@cache
def _functions(folder: str, file: Path | None = None) -> dict[str, _Function]:
    """The top-level functions of one file, or of all files of a folder, by name.

    Decompositions bear the names of the fused operations; they are looked up by their file.
    """
    files = [file] if file else sorted((PACKAGE / folder).rglob("*.py"))
    functions = [f for path in files if file or path != DECOMPOSITIONS for f in _read(path)]
    return {function.name: function for function in functions}


@cache
def _kernels_in(folder: str) -> dict[str, _Function]:
    """The functions of a back end that are launched by name."""
    suffixes = ("_forward", "_backward", "_")
    return {
        name: function
        for name, function in _functions(folder).items()
        if (name.endswith(suffixes) or name.startswith("check_")) and not name.startswith("_")
    }


@cache
def _read(path: Path) -> tuple[_Function, ...]:
    text = path.read_text("utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    callable_names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("microgpt."):
            callable_names |= {alias.name for alias in node.names}
    return tuple(
        _function(node, path, lines, callable_names)
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    )


def _function(
    node: ast.FunctionDef, path: Path, lines: list[str], callable_names: set[str]
) -> _Function:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    inside = sorted(
        (part for part in ast.walk(node) if isinstance(part, ast.Name | ast.Constant)),
        key=lambda part: (part.lineno, part.col_offset),
    )
    constants = [part.value for part in inside if isinstance(part, ast.Constant)]
    return _Function(
        name=node.name,
        file=path,
        line=first,
        text="\n".join(lines[first - 1 : node.end_lineno]),
        calls=tuple(
            part.id for part in inside if isinstance(part, ast.Name) and part.id in callable_names
        ),
        strings=tuple(value for value in constants if isinstance(value, str)),
        docstring=ast.get_docstring(node, clean=True) or "",
    )
