"""How exactly float32 matrices are multiplied."""

from collections.abc import Iterator
from contextlib import contextmanager

from microgpt.backends.matmul_precision import (
    PRECISIONS,
    get_float32_matmul_precision,
    set_float32_matmul_precision,
)

__all__ = ["PRECISIONS", "using_precision"]


@contextmanager
def using_precision(precision: str) -> Iterator[None]:
    """Multiply in that precision inside the block."""
    before = get_float32_matmul_precision()
    set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        set_float32_matmul_precision(before)
