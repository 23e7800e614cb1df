"""What this machine can do at most: bytes read in a second, and operations in a second."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import microgpt as mg
from microgpt.benchmark.peers.worker_protocol import Job

REPEATS = 3


def reading(task: dict[str, Any]) -> Job:
    """Bytes read: an array far larger than any cache is read from end to end, and nothing else.

    The kernels of sums and of a matrix times a vector both only read; so does NumPy. The fastest
    of them is taken.
    """
    mg.use(task["backend"])
    rows, width = task["mib"] * 2**20 // 4 // 4096, 4096
    kernels = mg.backends.current()
    table = kernels.full((rows, width), np.float32, 0.5)
    one, out = kernels.full((1, width), np.float32, 1.0), kernels.empty((1, rows), np.float32)
    nothing = kernels.empty((0,), np.float32)
    sums = kernels.empty((rows, 1), np.float32)
    ways: dict[str, Callable[[], Any]] = {
        "sums": lambda: kernels.launch("sum_forward", sums, table.reshape(rows, width, 1)),
        "matrix times vector": lambda: kernels.launch("linear_forward", out, one, table, nothing),
        "NumPy's dot": lambda: np.dot(table, one[0], out=out[0]),
    }
    return _fastest(ways, table.nbytes, "GB/s")


def multiplying(task: dict[str, Any]) -> Job:
    """Operations: a matrix product as large as those of GPT-2, by our own kernel and by NumPy."""
    mg.use(task["backend"])
    N, K, M = 512, 768, 3072
    kernels = mg.backends.current()
    x, weight = (kernels.full(shape, np.float32, 0.5) for shape in ((N, K), (M, K)))
    y, nothing = kernels.empty((N, M), np.float32), kernels.empty((0,), np.float32)
    ways: dict[str, Callable[[], Any]] = {
        "our kernel": lambda: kernels.launch("linear_forward", y, x, weight, nothing),
        "NumPy's product": lambda: np.matmul(x, weight.T, out=y),
    }
    return _fastest(ways, 2 * N * K * M, "GFLOP/s")


def _fastest(ways: dict[str, Callable[[], Any]], count: int, unit: str) -> Job:
    """The job of the way that takes the shortest time."""
    times: dict[str, float] = {}
    for name, way in ways.items():
        way()  # compiles
        for _ in range(REPEATS):
            begun = time.perf_counter()
            way()
            times[name] = min(times.get(name, float("inf")), time.perf_counter() - begun)
    best = min(times, key=times.__getitem__)
    rates = {name: count / taken / 1e9 for name, taken in times.items()}

    def once() -> None:
        ways[best]()

    return Job(once, count, about={"unit": unit, "way": best, "ways": rates})
