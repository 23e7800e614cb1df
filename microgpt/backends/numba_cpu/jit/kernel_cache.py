"""`KernelCache`: the cache of one compiled function, which survives damaged files and full disks.

Numba stores an index and data without a checksum: a file that was cut short ends each run with an
error of pickle, and a changed bit in machine code ends it without any.
"""

import hashlib
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

from microgpt._io.atomic_write import atomic_write
from microgpt.backends.numba_cpu.jit.cache import KERNEL_SUFFIX, read_kernel, seal_kernel
from microgpt.errors import FormatError


class KernelCache(FunctionCache):
    """Load and save a function's machine code: one file for each signature and processor.

    A file that cannot be loaded is removed, with one warning, and the function compiled again.
    Raises OSError if `folder`, which must be Numba's CACHE_DIR, is not where files would go.
    """

    def __init__(self, function: Callable, folder: Path):
        super().__init__(function)
        if not Path(self.cache_path).is_relative_to(folder):
            raise PermissionError(f"{self.cache_path} is outside of {folder}")

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function, or None if it is not there or cannot be loaded."""
        target_context.refresh()
        file = self._file(sig, target_context.codegen())
        try:
            return self._impl.rebuild(target_context, pickle.loads(read_kernel(file)))
        except FileNotFoundError:
            return None
        except Exception as error:  # unpickling may raise any
            _discard(file, error)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save a compiled function; warn if the disk is full or the folder not writable."""
        if not self._impl.check_cachable(data):
            return
        file = self._file(sig, data.codegen)
        try:
            with atomic_write(file) as stream:
                stream.write(seal_kernel(dumps(self._impl.reduce(data))))
        except OSError as error:
            warn_not_kept(error)

    def _file(self, sig: Any, codegen: Any) -> Path:
        key = repr((numba.__version__, self._index_key(sig, codegen)))
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        return Path(self.cache_path) / f"{self._impl.filename_base}.{digest}{KERNEL_SUFFIX}"


_warned: set[str] = set()


def _warn_once(topic: str, message: str) -> None:
    """Warn once in a process: what befalls one file often befalls many."""
    if topic not in _warned:
        _warned.add(topic)
        warnings.warn(message, stacklevel=3)


def warn_not_kept(error: OSError) -> None:
    """Warn once that compiled kernels are lost when the process ends."""
    _warn_once(
        "not kept",
        f"compiled kernels cannot be kept, so each process compiles them anew: {error}. "
        "MICROGPT_CACHE can name another folder.",
    )


def _discard(file: Path, error: Exception) -> None:
    """Remove a file that cannot be loaded; if that fails, saving it anew will warn."""
    reason = "damaged" if isinstance(error, FormatError) else f"not readable ({error})"
    try:
        file.unlink()
    except OSError:
        return
    _warn_once(
        "damaged",
        f"a compiled kernel in {file.parent} was {reason}; such files are removed, and the kernels "
        "compiled again",
    )
