"""The matrix product and its ladder, beside cuBLAS as PyTorch calls it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np

from microgpt import backends
from microgpt.backends.numba_cuda import matmul
from microgpt.backends.numba_cuda.matmul import choice, vendor
from microgpt.benchmark.gpu.marks import HIGH, HIGHEST, LARGE_PRODUCT, OURS, PRODUCT_PEER, SPLIT
from microgpt.benchmark.gpu.precision import PRECISIONS, using_precision
from microgpt.benchmark.gpu.rows import NOTE, Row
from microgpt.benchmark.gpu.timing import Contender, graph_contender, measure
from microgpt.benchmark.gpu.torch_worker import (
    is_torch_installed,
    torch_contender,
    torch_process,
)
from microgpt.benchmark.worker_process import WorkerProcess

# Name -> (M, K, N) of a product (M, K) · (N, K)ᵀ; GPT-2's for 4 texts of 1,024 tokens.
SHAPES = {
    LARGE_PRODUCT: (4096, 4096, 4096),
    "GPT-2's qkv": (4096, 768, 2304),
    "GPT-2's output": (4096, 768, 768),
    "GPT-2's first of the MLP": (4096, 768, 3072),
    "GPT-2's second of the MLP": (4096, 3072, 768),
}
SECONDS = 0.15
STEPS = 5  # of PyTorch, before it waits


def rows(is_emulated: bool) -> Iterator[Row]:
    """Yield the time of each product, by each rung, each precision and cuBLAS."""
    if is_emulated:
        return
    if not is_torch_installed():
        yield Row("torch", NOTE, "PyTorch is not installed here, so nothing is beside cuBLAS")
    with ExitStack() as stack:
        precisions = (HIGHEST, HIGH) if is_torch_installed() else ()
        workers = {one: stack.enter_context(torch_process()) for one in precisions}
        for name, shape in SHAPES.items():
            yield from measure_product(name, shape, SECONDS, workers)


def measure_product(
    name: str, shape: tuple[int, int, int], seconds: float, workers: dict[str, WorkerProcess]
) -> Iterator[Row]:
    """Measure one product, all contenders in turns; `workers` are PyTorch's, by precision."""
    M, K, N = shape
    contenders = [*our_contenders(shape)]
    for precision, worker in workers.items():
        task = {"type": "product", "shape": shape, "steps": STEPS, "precision": precision}
        contenders.append(torch_contender(worker, PRODUCT_PEER, task))
    yield from measure(name, contenders, seconds, flops=2 * M * K * N)


def our_contenders(shape: tuple[int, int, int]) -> Iterator[Contender]:
    """Yield our product in each precision, as it chooses, and each rung of the ladder."""
    (M, K, N), device = shape, backends.get("cuda")
    rng = np.random.default_rng(0)  # equal numbers take less power, and are multiplied faster
    x, weight = (device.from_host(rng.random(sizes, np.float32)) for sizes in ((M, K), (N, K)))
    y = device.empty((M, N), np.float32)
    no_bias = device.empty_optional(1, np.float32)
    for precision in PRECISIONS:
        with using_precision(precision):
            yield graph_contender(
                OURS, precision, lambda: device.launch("linear_forward", y, x, weight, no_bias)
            )
    for rung, run in _rungs(y, x, weight, no_bias):
        precision = {"tensor cores": HIGH, "tensor cores, split": SPLIT}.get(rung, HIGHEST)
        yield graph_contender(f"{OURS}, {rung}", precision, run)


def _rungs(y: Any, x: Any, weight: Any, no_bias: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield each rung of the matrix product with what launches it, the vendor's if it is there."""
    c, a, b = (array.reshape(1, *array.shape) for array in (y, x, weight))
    aligned = x.shape[1] % 4 == 0 and weight.shape[0] % 4 == 0
    for rung in choice.RUNGS:
        launcher = matmul.nt.launcher(rung, c, aligned)
        yield rung, lambda launcher=launcher: launcher(c, c, no_bias, a, b)  # type: ignore[misc]
    if vendor.is_installed():
        yield "cuBLAS", lambda: matmul.nt.by_vendor(c, a, b, no_bias)
