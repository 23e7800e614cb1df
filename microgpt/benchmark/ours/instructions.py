"""Which SIMD instructions Numba, NumPy and OpenBLAS use in this process."""

import re
from importlib import import_module
from typing import Any

from microgpt.benchmark.instruction_sets import AVX2, AVX512, numpy_features_beyond_avx2
from microgpt.errors import BackendUnavailable

OTHER = "narrower instructions"
WIDTHS = {512: AVX512, 256: AVX2}
_OPENBLAS_512 = re.compile("skylakex|cooperlake|sapphirerapids", re.I)
_OPENBLAS_256 = re.compile("haswell|zen|excavator", re.I)


def used_instructions(task: dict[str, Any]) -> dict[str, str]:
    """Return the instruction set of each library of a task's engine."""
    if task["engine"] in ("value", "tape"):
        return {}
    used = {"NumPy": _of_numpy(), "OpenBLAS": _of_openblas()}
    return used | ({"Numba": _of_numba()} if task["backend"] == "numba" else {})


def _of_numpy() -> str:
    features = import_module("numpy._core._multiarray_umath").__cpu_features__
    if any(features.get(name) for name in numpy_features_beyond_avx2()):
        return AVX512
    return AVX2 if features.get("AVX2") else OTHER


def _of_openblas() -> str:
    try:
        libraries = import_module("threadpoolctl").threadpool_info()
    except ImportError:
        raise BackendUnavailable(
            "whether OpenBLAS obeys is asked through threadpoolctl, which is not installed",
            "run `pip install threadpoolctl`",
        ) from None
    names = [one["architecture"] for one in libraries if one["internal_api"] == "openblas"]
    name = names[0] if names else ""
    if _OPENBLAS_512.search(name):
        return AVX512
    return AVX2 if _OPENBLAS_256.search(name) else name or OTHER


def _of_numba() -> str:
    module = import_module("microgpt.backends.numba_cpu.matmul.register_bits")
    return WIDTHS.get(module.register_bits(), OTHER)
