"""Runs GPU kernels thread by thread in Python, without a GPU, and says what is wrong with them."""

from microgpt.interpreter.report import (
    FINDING_TYPES,
    Access,
    ArrayShape,
    Clash,
    Finding,
    Report,
    Stop,
)
from microgpt.interpreter.running import ORDERS, run
from microgpt.interpreter.stand_ins import cuda, float32
from microgpt.interpreter.traffic import LineTraffic, count_traffic
from microgpt.interpreter.twins import (
    close_copies,
    copy_later,
    copy_vector_later,
    finish_copies,
    load_vector,
    store_vector,
    twin_of,
)

__all__ = [
    "FINDING_TYPES", "ORDERS", "Access", "ArrayShape", "Clash", "Finding", "LineTraffic", "Report",
    "Stop", "close_copies", "copy_later", "copy_vector_later", "count_traffic", "cuda",
    "finish_copies", "float32", "load_vector", "run", "store_vector", "twin_of",
]  # fmt: skip
