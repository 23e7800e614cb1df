"""Numba's compiler with the package's flags and its cache."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from llvmlite import binding
from numba.core.ccallback import CFunc
from numba.core.compiler_lock import global_compiler_lock
from numba.core.sigutils import normalize_signature

from microgpt.backends.locking import hold_over_fork
from microgpt.backends.numba_cpu.jit.cache import kernel_folder
from microgpt.backends.numba_cpu.jit.helper_library import HelperCompiler
from microgpt.backends.numba_cpu.jit.kernel_cache import KernelCache, warn_not_kept

FLAGS: dict[str, Any] = {
    "no_cfunc_wrapper": True,  # nobody calls it: a twelfth of the time that compiling takes
    "_nrt": False,  # no references to arrays are counted: the caller has one
    "nogil": True,  # other Python threads go on while a kernel runs
    "error_model": "numpy",  # a division that may raise stops vectorising
    "fastmath": {"reassoc", "contract", "afn", "nsz", "arcp"},  # all but the flags that drop NaN
}

# For functions that allocate memory, or call something that returns an array.
COUNT_REFERENCES: dict[str, Any] = {"_nrt": True}

# For functions that are only called from compiled code.
HELPER: dict[str, Any] = FLAGS | {"no_cpython_wrapper": True, "pipeline_class": HelperCompiler}
INLINE: dict[str, Any] = HELPER | {"forceinline": True}  # a call would take as long as a small tile

# For quotients and roots of a flat array: with afn and arcp a vector loop estimates them and its
# remainder does not, so that results would depend on where threads divide the array.
PRECISE: dict[str, Any] = {"fastmath": {"reassoc", "contract", "nsz"}}

# Where operations must stay in the order in which they are written.
ORDERED: dict[str, Any] = {"fastmath": {"contract", "nsz"}}


def njit_cached(function: Callable, flags: dict[str, Any]) -> Callable:
    """`numba.njit` with a cache, where there is a writable folder for it."""
    dispatcher = numba.njit(**flags)(function)
    _use_cache(dispatcher, function)
    return dispatcher


def prepare_before(dispatcher: Any, prepare: Callable[[tuple], None]) -> Any:
    """Let `prepare(types)` make what a function calls by name, before it is compiled or loaded."""
    compile_types = dispatcher.compile

    def compile_prepared(types: tuple) -> Any:
        prepare(types)
        return compile_types(types)

    dispatcher.compile = compile_prepared  # not in each launch, which would take it 0.3 µs
    return dispatcher


_cfuncs: list[Any] = []  # own their machine code


def define_cfunc(name: str, function: Callable, signature: Any) -> Any:
    """Compile a function that compiled code calls by name, as C's are called, with the same cache.

    Returns the library that it is in.
    """
    compiled: Any = CFunc(function, normalize_signature(signature), locals={}, options=FLAGS)
    _use_cache(compiled, function)
    compiled.compile()
    _cfuncs.append(compiled)
    binding.add_symbol(name, compiled.address)
    return compiled._library


def _use_cache(compiled: Any, function: Callable) -> None:
    """Give a function that is to be compiled its cache, where there is a writable folder."""
    folder = _writable_folder()
    if folder is None:
        return
    settings: Any = numba.core.config  # the learner's own functions keep their folder
    previous = settings.CACHE_DIR
    try:
        settings.CACHE_DIR = str(folder)
        compiled._cache = KernelCache(function, folder)
    except OSError as error:
        warn_not_kept(error)
    finally:
        settings.CACHE_DIR = previous


@cache
def _writable_folder() -> Path | None:
    """The folder of compiled kernels; None, with a warning, if it cannot be written."""
    folder = kernel_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        warn_not_kept(error)
        return None


hold_over_fork(global_compiler_lock)
