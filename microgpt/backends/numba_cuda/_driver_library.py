"""NVIDIA's driver library, asked without a compiler's bindings: can a GPU here run anything?

A machine that has no GPU shall not be told to install a compiler in order to learn that.
(CUDA Driver API: initialization, version management, error handling.)
"""

import ctypes
import sys
from typing import Any

NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE


def load_library() -> Any:
    """Return the driver library; None where no driver is installed."""
    try:
        return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None


def cuda_version(library: Any) -> int:
    """Return the newest CUDA that the driver runs: 13 for 13.2."""
    version = ctypes.c_int()
    library.cuDriverGetVersion(ctypes.byref(version))
    return version.value // 1000


def error_text(library: Any, error: int) -> str:
    """Return an error of the driver by name and in words."""
    texts = []
    for function in (library.cuGetErrorName, library.cuGetErrorString):
        text = ctypes.c_char_p()
        function(error, ctypes.byref(text))
        texts.append((text.value or b"unknown").decode())
    return f"{texts[0]} ({texts[1]})"
