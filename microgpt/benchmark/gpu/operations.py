"""Every operation of the tests' table on the device: values and gradients beside NumPy's."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import microgpt as mg
from microgpt import backends
from microgpt.benchmark.gpu.rows import WRONG, Row, judged
from microgpt.benchmark.gpu.stage_process import error_text
from microgpt.errors import MicrogptError

TESTS = Path(mg.__file__).parent.parent / "tests"
TOLERANCES = {"float32": 2e-5, "float64": 2e-12}  # of the largest number, or of 1
FEW = ("add", "sum", "linear_gelu", "softmax", "self_attention", "dropout")  # on a slow device
FEW_SIZES = (0, 5)
MAX_ERRORS = 8  # one after another: then the device itself has failed


def rows(is_emulated: bool) -> Iterator[Row]:
    """Yield how far each operation is from NumPy, in both dtypes, over all its sizes."""
    table = load_cases()
    names = FEW if is_emulated else tuple(table.BY_NAME)
    errors = 0
    for name in names:
        case = table.BY_NAME[name]
        for dtype in TOLERANCES:
            try:
                yield compare(case, FEW_SIZES if is_emulated else case.sizes, dtype)
                errors = 0
            except Exception as error:  # whatever a compiler or a driver raises
                errors += 1
                if errors == MAX_ERRORS:
                    raise
                yield Row(f"{name}, {dtype}", WRONG, error_text(error))


def load_cases() -> ModuleType:
    """Import the tests' table of operations; a wheel does not have it."""
    if not (TESTS / "cases.py").exists():
        raise MicrogptError(
            f"the table of operations is tests/cases.py, which {TESTS.parent} does not have; run"
            " `make gpu` in a clone of the repository"
        )
    sys.path.insert(0, str(TESTS))
    try:
        return importlib.import_module("cases")
    finally:
        sys.path.remove(str(TESTS))


def compare(case: Any, sizes: tuple[int, ...], dtype: str) -> Row:
    """Return the row of a case: its largest difference from NumPy, over sizes and gradients."""
    difference, tolerance = 0.0, TOLERANCES[dtype]
    for n in sizes:
        found, expected = (_results(case, n, dtype, name) for name in ("cuda", "numpy"))
        for ours, numpys in zip(found, expected, strict=True):
            difference = max(difference, relative_difference(ours, numpys))
    text = f"differs from NumPy by {difference:.1e}"
    return judged(
        f"{case.name}, {dtype}", difference <= tolerance, text,
        f"{text}; {tolerance:.0e} is allowed", difference=difference,
    )  # fmt: skip


def _results(case: Any, n: int, dtype: str, backend: str) -> list[np.ndarray]:
    """Return the value and the gradients, after two passes: gradients are added."""
    with backends.using(backend):
        tensors = [mg.Tensor(a, requires_grad=True, dtype=dtype) for a in case.inputs(n)]
        y = case.call(*tensors)
        dy = np.cos(np.arange(y.size)).reshape(y.shape)
        for _ in range(2):
            y.backward(dy)
    return [y.numpy(), *(backends.to_host(tensor.grad) for tensor in tensors)]


def relative_difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference as a part of the largest number, or of 1 if that is more.

    It is infinite if the shapes differ, or if one has a NaN or an infinity where the other has not.
    """
    if found.shape != expected.shape:
        return float("inf")
    both = np.isfinite(found) & np.isfinite(expected)
    if not np.array_equal(found[~both], expected[~both], equal_nan=True):
        return float("inf")
    if not both.any():
        return 0.0
    found, expected = found[both].astype(np.float64), expected[both].astype(np.float64)
    return float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))
