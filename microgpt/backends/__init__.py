"""Back ends: `numpy` is the maths in whole arrays, `numba` the loops, compiled for the CPU,
`interpreter` the threads of a GPU, run in Python.

`use` and `using` set where new tensors are created; an operation runs where its data is.
"""

import contextvars
import importlib
import importlib.util
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microgpt.backends.device_array import DeviceArray
from microgpt.backends.device_memory import DeviceDriver
from microgpt.backends.dispatch import Backend
from microgpt.backends.locking import LOCK, hold_over_fork
from microgpt.backends.matmul_precision import (
    get_float32_matmul_precision,
    set_float32_matmul_precision,
)
from microgpt.backends.memory import is_array, to_host
from microgpt.backends.tracing import LaunchTracer, check_host_read, current_tracer, tracing
from microgpt.errors import BackendUnavailable, closest, did_you_mean
from microgpt.plain_text import text_table

__all__ = [
    "LOCK",
    "Backend",
    "DeviceArray",
    "LaunchTracer",
    "any_kernel_compiled",
    "available",
    "check_available",
    "check_host_read",
    "compiled_marker",
    "current",
    "current_tracer",
    "damaged_kernels",
    "default_name",
    "get",
    "get_float32_matmul_precision",
    "is_array",
    "kernels_compiled",
    "names",
    "replaying",
    "selected_name",
    "set_float32_matmul_precision",
    "table",
    "to_host",
    "tracing",
    "use",
    "using",
]


@dataclass(frozen=True)
class _BackendInfo:
    package: str
    requires: str | None
    description: str
    loader: str = "load"


_BACKENDS = {
    "numpy": _BackendInfo("numpy_ref", None, "whole arrays"),
    "numba": _BackendInfo("numba_cpu", "numba", "compiled loops"),
    "interpreter": _BackendInfo(
        "numba_cuda",
        None,
        "threads, checked: slow",
        "load_interpreted",
    ),
    "cuda": _BackendInfo("numba_cuda", None, "compiled threads"),
}

_loaded: dict[str, Backend] = {}
_loading = threading.RLock()
hold_over_fork(_loading)
_default_name: str | None = None
_scoped_name: contextvars.ContextVar[str | None] = contextvars.ContextVar("backend", default=None)


def names() -> tuple[str, ...]:
    """The names of all back ends, whether they can be used here or not."""
    return tuple(_BACKENDS)


def get(name: str) -> Backend:
    """The back end of that name, loaded on first use."""
    if name in _loaded:
        return _loaded[name]
    check_available(name)
    with _loading:
        if name not in _loaded:
            module = importlib.import_module(f"microgpt.backends.{_BACKENDS[name].package}")
            _loaded[name] = getattr(module, _BACKENDS[name].loader)()
    return _loaded[name]


def check_available(name: str) -> None:
    """Raise BackendUnavailable, which says what is missing, if `use(name)` would not work here."""
    if name not in _BACKENDS:
        known = ", ".join(repr(info) for info in _BACKENDS)
        nearest = did_you_mean(closest(name, _BACKENDS))
        raise BackendUnavailable(f"there is no back end {name!r}; known: {known}{nearest}")
    if name == "cuda" and (missing := _missing_for_cuda()) is not None:
        raise BackendUnavailable(f"the back end 'cuda' {missing}")
    requires = _BACKENDS[name].requires
    if requires is not None and not _installed(requires):
        raise BackendUnavailable(
            f"the back end {name!r} needs {requires}, which is not installed; "
            f"run `pip install {requires}`, or choose the back end 'numpy'"
        )


def _missing_for_cuda() -> Any:
    return importlib.import_module("microgpt.backends.numba_cuda").what_is_missing()


def _installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except (ImportError, ValueError):
        return False


def available(name: str) -> bool:
    """Whether `use(name)` would work here."""
    try:
        check_available(name)
    except BackendUnavailable:
        return False
    return True


def use(name: str) -> None:
    """From now on, new tensors are created on this back end, in every thread."""
    global _default_name
    get(name)
    _default_name = name


@contextmanager
def using(name: str) -> Iterator[Backend]:
    """`with using("numpy"):` new tensors are created there, in this block of this thread only."""
    backend = get(name)
    token = _scoped_name.set(name)
    try:
        yield backend
    finally:
        _scoped_name.reset(token)


def selected_name() -> str | None:
    """The name set by `using`, `use` or MICROGPT_BACKEND; None if none of them was used."""
    return _scoped_name.get() or _default_name or os.environ.get("MICROGPT_BACKEND") or None


def default_name() -> str:
    """The back end where nothing was chosen: numba where it is installed, else numpy."""
    return "numba" if available("numba") else "numpy"


def current() -> Backend:
    """The back end of new tensors: set by `using`, else `use`, else MICROGPT_BACKEND, else numba.

    Where numba is not installed and nothing was chosen, it is numpy. The variable is read once.
    """
    name = _scoped_name.get() or _default_name
    if name is None:
        name = selected_name() or default_name()
        use(name)
    return _loaded.get(name) or get(name)


def replaying(driver: DeviceDriver | None) -> Backend:
    """The back end that replays recordings of arrays on a driver, or None: of NumPy's arrays."""
    if driver is None:
        return _loaded.get("numba") or get("numpy")
    return next(one for one in _loaded.values() if getattr(one, "driver", None) is driver)


def kernels_compiled() -> bool:
    """Whether `microgpt warmup` has compiled the kernels of this installation, on this machine."""
    if not available("numba"):
        return False
    from microgpt.backends.numba_cpu.jit import cache

    return cache.ready()


def any_kernel_compiled() -> bool:
    """Whether a kernel of this installation was ever compiled and kept."""
    if not available("numba"):
        return False
    from microgpt.backends.numba_cpu.jit import cache

    return cache.any_kept()


def compiled_marker() -> tuple[Path, bytes]:
    """The file that `kernels_compiled` looks for, and its content; needs numba."""
    from microgpt.backends.numba_cpu.jit import cache

    return cache.stamp()


def damaged_kernels() -> list[Path]:
    """Files of compiled kernels that are not as they were written; they can be deleted."""
    from microgpt.backends.numba_cpu.jit import cache

    return cache.damaged_kernels() if available("numba") else []


class Table(str):
    """A text that shows as itself at a prompt and in a notebook."""

    def __repr__(self) -> str:
        return str(self)


def table() -> Table:
    """The back ends side by side: which can be used here, and which kernels each of them has.

    A star marks the one in use. The kernels of a family are counted where some are missing.
    """
    selected = current().name
    rows = [
        ("", *(f"{name}*" if name == selected else name for name in _BACKENDS)),
        ("usable here", *("yes" if available(name) else _needs(name) for name in _BACKENDS)),
        ("what it is", *(info.description for info in _BACKENDS.values())),
    ]
    for family, names in _kernel_names("numpy_ref").items():
        cells = []
        for info in _BACKENDS.values():
            if info.requires is not None and not _installed(info.requires):
                cells.append("?")
                continue
            found = _kernel_names(info.package)[family] & names
            cells.append("yes" if found == names else f"{len(found)} of {len(names)}")
        rows.append((family, *cells))
    return Table("\n".join(text_table(rows)))


def _needs(name: str) -> str:
    return f"needs {_missing_for_cuda().part if name == 'cuda' else _BACKENDS[name].requires}"


def _kernel_names(package: str) -> dict[str, set[str]]:
    """The names of a back end's kernels, by family."""
    path = "microgpt.backends"
    numpy_ref = importlib.import_module(f"{path}.numpy_ref")
    names = {
        family: set(numpy_ref.kernels_in(importlib.import_module(f"{path}.{package}.{family}")))
        for family in numpy_ref.FAMILIES
    }
    if package == "numba_cuda":
        checks = set(numpy_ref.kernels_in(importlib.import_module(f"{path}.{package}.checks")))
        return {family: found | checks for family, found in names.items()}
    return names
