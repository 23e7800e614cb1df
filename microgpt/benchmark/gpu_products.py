"""Matrix products timed on a GPU: the rungs of the ladder, and where a GPU begins to pay.

All contenders alternate, and only ratios within a round are kept: what slows the machine down for a
while slows all of them.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import numpy as np

from microgpt import backends
from microgpt.backends import numba_cuda, to_host
from microgpt.backends.numba_cuda._backend import CudaBackend
from microgpt.backends.numba_cuda._launch import threads
from microgpt.benchmark.product_ladder import RUNGS
from microgpt.errors import KernelError

LIBRARY = "the package's own product"
CPU, WITH_COPIES, ON_GPU = "CPU", "GPU, copied there and back", "GPU, already there"
LADDER_SIZE = 1024
CROSSOVER_SIZES = (32, 128, 256, 512, 1024, 2048)
ROUNDS = 7
TOLERANCE = 1e-3  # of float32 sums of about a thousand products of size 1

Seconds = dict[str, tuple[float, ...]]


def connected_gpu() -> CudaBackend | None:
    """Return the back end of the GPU, or None if there is none here; an emulated one is none."""
    if not backends.available("cuda") or numba_cuda.is_emulated():
        return None
    return cast(CudaBackend, backends.get("cuda"))


def time_alternately(
    calls: Mapping[str, Callable[[], Any]],
    wait: Callable[[], Any],
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Seconds:
    """Return the seconds that each call takes until `wait` returns, in each of the rounds.

    In a round each call comes once, and each round begins with another one. A round before these
    is not counted: it may compile.
    """
    names = list(calls)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-1, rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            wait()
            start = clock()
            calls[name]()
            wait()
            if number >= 0:
                seconds[name].append(clock() - start)
    return {name: tuple(times) for name, times in seconds.items()}


def time_ladder(
    gpu: CudaBackend, size: int = LADDER_SIZE, clock: Callable[[], float] = time.perf_counter
) -> Seconds:
    """Time each rung, and the package's own product, for matrices of size × size on the GPU.

    Raises KernelError where a result is not NumPy's.
    """
    a, b = _matrices(size)
    operands = [gpu.from_host(matrix) for matrix in (a, b)]
    out = gpu.from_host(np.zeros((size, size), np.float32))
    stacks = [gpu.from_host(matrix[None]) for matrix in (a * 0, a, b)]
    calls: dict[str, Callable[[], None]] = {
        rung.name: partial(threads(rung.kernel)[rung.grid(size, size), rung.block], out, *operands)
        for rung in RUNGS
    }
    calls[LIBRARY] = partial(gpu.launch, "matmul_forward", *stacks)
    for name, call in calls.items():
        call()
        result = to_host(stacks[0])[0] if name == LIBRARY else to_host(out)
        _check(name, result, a @ b)
        out[...] = np.float32(0)  # what the next does not write is not right by chance
    return time_alternately(calls, gpu.driver.synchronize, clock=clock)


def time_crossover(
    gpu: CudaBackend, size: int, clock: Callable[[], float] = time.perf_counter
) -> Seconds:
    """Time one product of size × size on the CPU, and on the GPU with and without copies."""
    host = [matrix[None] for matrix in _matrices(size)]
    cpu = backends.get("numba" if backends.available("numba") else "numpy")
    host_result = np.empty((1, size, size), np.float32)
    here = [gpu.from_host(array) for array in (host_result, *host)]

    def copy_and_multiply() -> None:
        there = [gpu.from_host(array) for array in host]
        gpu.launch("matmul_forward", here[0], *there)
        to_host(here[0])

    calls: dict[str, Callable[[], None]] = {
        CPU: partial(cpu.launch, "matmul_forward", host_result, *host),
        WITH_COPIES: copy_and_multiply,
        ON_GPU: partial(gpu.launch, "matmul_forward", *here),
    }
    return time_alternately(calls, gpu.driver.synchronize, clock=clock)


def _matrices(size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(size, size)).astype(np.float32) for _ in range(2))
    return a, b


def _check(name: str, out: np.ndarray, expected: np.ndarray) -> None:
    difference = float(np.abs(out - expected).max())
    if not difference <= TOLERANCE:
        raise KernelError(
            f"{name}: the GPU's result is up to {difference:.2g} from NumPy's, and at most "
            f"{TOLERANCE:g} is rounding; it is not timed"
        )
