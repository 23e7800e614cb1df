"""Measure this machine's peak rates: memory bandwidth and floating-point operations per second."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import microgpt as mg
from microgpt.benchmark.peers.worker_protocol import Job

REPEATS = 3


def memory_bandwidth(task: dict[str, Any]) -> Job:
    """Return a job that reads an array far larger than any cache, as fast as possible.

    Sums, a matrix-vector product and NumPy's dot all do little but read; the fastest is timed.
    """
    mg.use(task["backend"])
    rows, columns = task["mib"] * 2**20 // 4 // 4096, 4096
    backend = mg.backends.current()
    matrix = backend.full((rows, columns), np.float32, 0.5)
    vector = backend.full((1, columns), np.float32, 1.0)
    product, sums = backend.empty((1, rows), np.float32), backend.empty((rows, 1), np.float32)
    no_bias = backend.empty((0,), np.float32)
    variants: dict[str, Callable[[], Any]] = {
        "sums": lambda: backend.launch("sum_forward", sums, matrix.reshape(rows, columns, 1)),
        "matrix times vector": lambda: backend.launch(
            "linear_forward", product, vector, matrix, no_bias
        ),
        "NumPy's dot": lambda: np.dot(matrix, vector[0], out=product[0]),
    }
    return _fastest(variants, matrix.nbytes, "GB/s")


def matmul_rate(task: dict[str, Any]) -> Job:
    """Return a job of a matrix product of GPT-2's size, by our kernel or NumPy if it is faster."""
    mg.use(task["backend"])
    N, K, M = 512, 768, 3072
    backend = mg.backends.current()
    x, weight = (backend.full(shape, np.float32, 0.5) for shape in ((N, K), (M, K)))
    y, no_bias = backend.empty((N, M), np.float32), backend.empty((0,), np.float32)
    variants: dict[str, Callable[[], Any]] = {
        "our kernel": lambda: backend.launch("linear_forward", y, x, weight, no_bias),
        "NumPy's product": lambda: np.matmul(x, weight.T, out=y),
    }
    return _fastest(variants, 2 * N * K * M, "GFLOP/s")


def _fastest(variants: dict[str, Callable[[], Any]], count: int, unit: str) -> Job:
    """Time every variant and return a job of the fastest; `count` is its bytes or FLOPs."""
    times: dict[str, float] = {}
    for name, variant in variants.items():
        variant()  # compiles
        for _ in range(REPEATS):
            start = time.perf_counter()
            variant()
            times[name] = min(times.get(name, float("inf")), time.perf_counter() - start)
    best = min(times, key=times.__getitem__)
    rates = {name: count / seconds / 1e9 for name, seconds in times.items()}

    def unit_of_work() -> None:
        variants[best]()

    metadata = {"unit": unit, "variant": best, "rates": rates}
    return Job(unit_of_work, count, metadata=metadata)
