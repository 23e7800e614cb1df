"""How exactly GPUs multiply float32 matrices, by the names of PyTorch and of NVIDIA's CUTLASS."""

from microgpt.errors import SettingError

PRECISIONS = ("highest", "3xtf32", "high")
_precision = PRECISIONS[0]


def set_float32_matmul_precision(precision: str) -> None:
    """Set how exactly a GPU multiplies float32 matrices, from the next product on.

    "highest" is float32. "high" is tf32 on tensor cores: about three digits, several times as fast.
    "3xtf32" makes three products of it, with about the digits of float32. Where a GPU has no tensor
    cores for tf32, or a product is small or not aligned, it is float32. On CPUs it always is.
    """
    global _precision
    if precision not in PRECISIONS:
        raise SettingError("precision", got=precision, choices=PRECISIONS)
    _precision = precision


def get_float32_matmul_precision() -> str:
    """Return what `set_float32_matmul_precision` has set; "highest" if nothing."""
    return _precision
