"""Kernels that only read and write memory, beside a copy on the device."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from microgpt import backends
from microgpt.benchmark.gpu.marks import COPY, HIGHEST, OURS
from microgpt.benchmark.gpu.rows import Row
from microgpt.benchmark.gpu.timing import gpu_driver, graph_contender, measure

MIB, COLUMNS = 256, 1024  # of the arrays, of float32
SECONDS = 0.2


def rows(is_emulated: bool) -> Iterator[Row]:
    """Yield the time and the bandwidth of each."""
    if not is_emulated:
        yield from measure_kernels(MIB * 2**20 // 4 // COLUMNS, COLUMNS, SECONDS)


def measure_kernels(num_rows: int, columns: int, seconds: float) -> Iterator[Row]:
    """Measure a copy of a matrix of that size, and each kernel on such matrices."""
    for name, (run, passes) in works(num_rows, columns).items():
        contender = graph_contender(OURS, HIGHEST, run)
        yield from measure(name, [contender], seconds, bytes=passes * num_rows * columns * 4)


def works(num_rows: int, columns: int) -> dict[str, tuple[Callable[[], None], int]]:
    """Return what runs each, and how many times it reads or writes all numbers of a matrix."""
    device, driver = backends.get("cuda"), gpu_driver()
    x, y, m, v = (device.full((num_rows, columns), np.float32, 0.5) for _ in range(4))
    weight, bias = (device.full((columns,), np.float32, 0.5) for _ in range(2))
    mean, rstd = (device.empty((num_rows,), np.float32) for _ in range(2))
    lr, step = device.full((1,), np.float64, 1e-3), device.from_host(np.ones(1, np.int64))
    flat: list[Any] = [array.reshape(-1) for array in (x, y, m, v)]

    def launch(name: str, *arguments: Any) -> Callable[[], None]:
        return lambda: device.launch(name, *arguments)

    return {
        COPY: (lambda: driver.copy(y, x), 2),
        "gelu": (launch("gelu_forward", *flat[1::-1]), 2),
        "rms_norm": (launch("rms_norm_forward", y, rstd, x, 1e-5), 2),
        "layer_norm": (launch("layer_norm_forward", y, mean, rstd, x, weight, bias, 1e-5), 2),
        "softmax": (launch("softmax_forward", y, x), 2),
        "adamw": (launch("adamw_step_", *flat, lr, step, 0.9, 0.95, 1e-8, 0.1, x.size), 7),
    }
