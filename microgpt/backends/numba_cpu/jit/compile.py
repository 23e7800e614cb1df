"""Numba's compiler with the package's flags and its cache, and the start of Numba's threads."""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba

from microgpt.backends.numba_cpu.jit.cache import kernel_folder

FLAGS: dict[str, Any] = {
    "nogil": True,  # other Python threads go on while a kernel runs
    "error_model": "numpy",  # a division that may raise stops vectorising
    "fastmath": {"reassoc", "contract", "afn", "nsz", "arcp"},  # all but the flags that drop NaN
}

# For functions that are only called from compiled code.
HELPER: dict[str, Any] = FLAGS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
INLINE: dict[str, Any] = HELPER | {"forceinline": True}  # a call would take as long as a small tile

# For quotients and roots of a flat array: with afn and arcp a vector loop estimates them and its
# remainder does not, so that results would depend on where threads divide the array.
PRECISE = {"reassoc", "contract", "nsz"}


def njit_cached(function: Callable, flags: dict[str, Any]) -> Callable:
    """`numba.njit` with a cache, where there is a writable folder for it."""
    folder = _variant_folder("parallel" if flags.get("parallel") else "serial")
    with _cache_dir(folder):
        return numba.njit(cache=folder is not None, **flags)(function)


_cfuncs: list[Any] = []  # own their machine code


def cfunc_address(function: Callable, signature: Any) -> int:
    """The address of a function compiled for callers in C, with the same cache."""
    folder = _variant_folder("serial")
    with _cache_dir(folder):
        _cfuncs.append(numba.cfunc(signature, cache=folder is not None, **FLAGS)(function))
    return _cfuncs[-1].address


@contextmanager
def _cache_dir(folder: Path | None) -> Iterator[None]:
    """Numba's cache folder for what is compiled here; the learner's own functions keep theirs."""
    settings: Any = numba.core.config
    previous = settings.CACHE_DIR
    try:
        if folder is not None:
            settings.CACHE_DIR = str(folder)
        yield
    finally:
        settings.CACHE_DIR = previous


@cache
def _variant_folder(variant: str) -> Path | None:
    """A folder for the compiled kernels of a variant.

    Numba's own key does not see flags: in one folder, the parallel variant would be given the
    serial one's code.
    """
    folder = kernel_folder() / variant
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        warnings.warn(
            f"compiled kernels cannot be kept: {folder} is not writable ({error.strerror}); they "
            "are compiled anew in each process. Set MICROGPT_CACHE to a folder you can write to.",
            stacklevel=2,
        )
        return None


@cache
def start_threads() -> None:
    """Start Numba's threads; on OpenMP with a short spin, which a busy machine needs.

    The setting is removed at once: inherited by other libraries it would slow them.
    """
    unset = "GOMP_SPINCOUNT" not in os.environ
    if unset:
        os.environ["GOMP_SPINCOUNT"] = "2000"
    try:
        numba.get_num_threads()
    finally:
        if unset:
            del os.environ["GOMP_SPINCOUNT"]
