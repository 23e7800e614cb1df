"""Kernels of one warp that execute each PTX instruction; the first array is written."""

from collections.abc import Callable

import numpy as np

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import ThreadKernel, threads
from microgpt.backends.numba_cuda._ptx import (
    as_float32,
    commit_copies,
    copy4_async,
    load4,
    load4_shared,
    load_shared,
    mma_tf32,
    store4,
    store4_shared,
    store_shared,
    to_tf32,
    wait_for_copies,
)

f32 = np.float32
EDGES = (0.0, 1 + 2.0**-11, 1 + 3 * 2.0**-11, 1 - 2.0**-12, 1.5, 2.0**-126, 3e38, float("inf"))


@threads
def copy_vectors(y, x):
    """y = x, (2, 4, 16) each, through shared memory."""
    part = cuda.shared.array((2, 4, 16), f32)
    t = cuda.threadIdx.x
    h, i, j = t // 16, t // 4 % 4, t % 4 * 4
    a, b, c, d = load4(x, h, i, j)
    store4_shared(part, h, i, j, a, b, c, d)
    cuda.syncthreads()
    a, b, c, d = load4_shared(part, 1 - h, i, j)
    store4(y, 1 - h, i, j, a, b, c, d)


@threads
def copy_corner(y, x):
    """y (1, 4, 8) = the corner of x (1, 3, 4), with zeros around it, copied asynchronously."""
    part = cuda.shared.array((1, 4, 8), f32)
    t = cuda.threadIdx.x
    if t < 8:
        copy4_async(part, 0, t // 2, t % 2 * 4, x, 0, t // 2, t % 2 * 4)
    commit_copies()
    wait_for_copies()
    cuda.syncthreads()
    y[0, t // 8, t % 8] = load_shared(part, 0, t // 8, t % 8)


@threads
def round_to_tf32(y, x):
    """y (64,) = x in tf32, two numbers a thread."""
    part = cuda.shared.array((1, 1, 64), f32)
    t = cuda.threadIdx.x
    store_shared(part, 0, 0, 63 - t, as_float32(to_tf32(x[t])))
    store_shared(part, 0, 0, 31 - t, as_float32(to_tf32(x[t + 32])))
    cuda.syncthreads()
    y[t], y[t + 32] = part[0, 0, 63 - t], part[0, 0, 31 - t]


@threads
def multiply_small(d, a, b, c):
    """d (16, 8) = a (16, 8) · b (8, 8) + c (16, 8), by tensor cores."""
    t = cuda.threadIdx.x
    group, member = t // 4, t % 4
    a0, a1 = to_tf32(a[group, member]), to_tf32(a[group + 8, member])
    a2, a3 = to_tf32(a[group, member + 4]), to_tf32(a[group + 8, member + 4])
    b0, b1 = to_tf32(b[member, group]), to_tf32(b[member + 4, group])
    n = 2 * member
    c0, c1, c2, c3 = c[group, n], c[group, n + 1], c[group + 8, n], c[group + 8, n + 1]
    d0, d1, d2, d3 = mma_tf32(a0, a1, a2, a3, b0, b1, c0, c1, c2, c3)
    d[group, n], d[group, n + 1] = d0, d1
    d[group + 8, n], d[group + 8, n + 1] = d2, d3


def _normal(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(15)
    return [np.full(shapes[0], np.nan, f32)] + [rng.normal(size=s).astype(f32) for s in shapes[1:]]


def _with_edges() -> list[np.ndarray]:
    y, x = _normal((64,), (64,))
    x[: 2 * len(EDGES)] = (*EDGES, *(-edge for edge in EDGES))
    return [y, x]


# (kernel, what makes its arguments, how far its numbers may be from its twin's: tensor cores add in
# an order of their own)
LAUNCHES: tuple[tuple[ThreadKernel, Callable[[], list[np.ndarray]], float], ...] = (
    (copy_vectors, lambda: _normal((2, 4, 16), (2, 4, 16)), 0.0),
    (copy_corner, lambda: _normal((1, 4, 8), (1, 3, 4)), 0.0),
    (round_to_tf32, _with_edges, 0.0),
    (multiply_small, lambda: _normal((16, 8), (16, 8), (8, 8), (16, 8)), 1e-6),
)
