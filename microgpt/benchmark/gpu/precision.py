"""How exactly float32 matrices are multiplied, where this version has a choice."""

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from microgpt.benchmark.gpu.marks import HIGHEST

SETTING = "microgpt.backends.matmul_precision"


def _setting() -> Any:
    return None if importlib.util.find_spec(SETTING) is None else importlib.import_module(SETTING)


PRECISIONS: tuple[str, ...] = getattr(_setting(), "PRECISIONS", (HIGHEST,))


@contextmanager
def using_precision(precision: str) -> Iterator[None]:
    """Multiply in that precision inside the block; "highest" is the only one without a choice."""
    setting = _setting()
    if setting is None:
        yield
        return
    before = setting.get_float32_matmul_precision()
    setting.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        setting.set_float32_matmul_precision(before)
