"""Where and how kernels run: `numpy` says the maths, `numba` the loops.

`use` and `using` decide where new tensors are born; an operation runs where its data is.
"""

import contextvars
import importlib
import importlib.util
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from microgpt.backends.dispatch import LOCK, Backend, LaunchTable, LaunchTracer, current_tracer, check_host_read, tracing
from microgpt.errors import BackendUnavailable, closest, did_you_mean

__all__ = [
    "LOCK",
    "Backend",
    "LaunchTracer",
    "available",
    "chosen",
    "current",
    "current_tap",
    "get",
    "kernels_ready",
    "kernels_stamp",
    "lower",
    "reading",
    "table",
    "tapped",
    "use",
    "using",
]


@dataclass(frozen=True)
class _Kind:
    package: str
    needs: str | None
    what: str


_KINDS = {
    "numpy": _Kind("numpy_ref", None, "the maths: whole-array NumPy, needs nothing else"),
    "numba": _Kind("numba_cpu", "numba", "the loops: compiled on first use, parallel on the CPU"),
}

_loaded: dict[str, Backend] = {}
_loading = threading.Lock()
_default: str | None = None
_scoped: contextvars.ContextVar[str | None] = contextvars.ContextVar("backend", default=None)


def get(name: str) -> Backend:
    """The back end of that name, loaded on first use."""
    if name in _loaded:
        return _loaded[name]
    _require(name)
    with _loading:
        if name not in _loaded:
            module = importlib.import_module(f"microgpt.backends.{_KINDS[name].package}")
            _loaded[name] = module.load()
    return _loaded[name]


def _require(name: str) -> None:
    if name not in _KINDS:
        known = ", ".join(repr(kind) for kind in _KINDS)
        nearest = did_you_mean(closest(name, _KINDS))
        raise BackendUnavailable(f"there is no back end {name!r}; known: {known}{nearest}")
    needs = _KINDS[name].needs
    if needs is not None and not _installed(needs):
        raise BackendUnavailable(
            f"the back end {name!r} needs {needs}, which is not installed; "
            f"run `pip install {needs}`, or choose the back end 'numpy'"
        )


def _installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except (ImportError, ValueError):
        return False


def available(name: str) -> bool:
    """Whether `use(name)` would work here."""
    try:
        _require(name)
    except BackendUnavailable:
        return False
    return True


def use(name: str) -> None:
    """From now on, new tensors are born on this back end, in every thread."""
    global _default
    get(name)
    _default = name


@contextmanager
def using(name: str) -> Iterator[Backend]:
    """`with using("numpy"):` new tensors are born there, in this block of this thread only."""
    backend = get(name)
    token = _scoped.set(name)
    try:
        yield backend
    finally:
        _scoped.reset(token)


def chosen() -> str | None:
    """The back end that `using`, `use` or MICROGPT_BACKEND named; None while nobody has chosen."""
    return _scoped.get() or _default or os.environ.get("MICROGPT_BACKEND") or None


def current() -> Backend:
    """Where new tensors are born: `using`, else `use`, else MICROGPT_BACKEND, else numba.

    Where numba is not installed and nothing was chosen, it is numpy. The variable is read once.
    """
    name = _scoped.get() or _default
    if name is None:
        name = chosen() or ("numba" if available("numba") else "numpy")
        use(name)
    return _loaded.get(name) or get(name)


def lower(calls: Sequence[tuple[Callable[..., None], tuple]]) -> LaunchTable:
    """Calls of kernels in a table that runs without Python, as far as they are compiled."""
    return (_loaded.get("numba") or current()).lower(calls)


def kernels_ready() -> bool:
    """Whether `microgpt warmup` has compiled the kernels of this installation, on this machine."""
    if not available("numba"):
        return False
    from microgpt.backends.numba_cpu.jit import cache

    return cache.ready()


def kernels_stamp() -> tuple[Path, bytes]:
    """The file that `kernels_ready` looks for, and what to write into it; numba must be there."""
    from microgpt.backends.numba_cpu.jit import cache

    return cache.stamp()


class Table(str):
    """A text that shows as itself at a prompt and in a notebook."""

    def __repr__(self) -> str:
        return str(self)


def table() -> Table:
    """Which back ends there are, which can be used here, and which one is in use."""
    chosen = current().name
    rows = [("", "back end", "usable", "what it is")]
    for name, kind in _KINDS.items():
        usable = "yes" if available(name) else f"needs {kind.needs}"
        rows.append(("*" if name == chosen else "", name, usable, kind.what))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return Table("\n".join(line.rstrip() for line in lines))
