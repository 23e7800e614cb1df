"""Matrix products: `linear` with a weight (out, in), `matmul` of two stacks of matrices.

`readable.py` says what they compute; in float32, `tiled.py` and `tile.py` compute it. Each block
of a result has one owner and one order of sums, whatever the number of threads. An absent bias has
no elements.
"""

from numba import prange

from microgpt.backends.numba_cpu.jit.compile import Kernel
from microgpt.backends.numba_cpu.matmul.blocking import (
    GELU,
    NOTHING,
    RELU,
    SUMS,
    count_blocks,
    make_ready,
    times,
    times_turned,
    turned_times,
)


class Product(Kernel):
    """A kernel that calls what `blocks.py` compiles."""

    def compile(self, flags):
        make_ready()
        return super().compile(flags)


def product(work):
    return lambda function: Product(function, work)


def _work(result, factors):
    """A sum of products for each number of the result; four products take a unit of time."""
    return result.size * factors.shape[-1] // 4


@product(work=lambda y, x, weight, bias: _work(y, x))
def linear_forward(y, x, weight, bias):
    """y = x · weightᵀ + bias."""
    N, M = y.shape
    for block in prange(count_blocks(N, M, x.shape[1])):
        times_turned(block, y, None, bias, x, weight, None, NOTHING)


@product(work=lambda y, x, weight, bias, residual: _work(y, x))
def linear_residual_forward(y, x, weight, bias, residual):
    """y = residual + x · weightᵀ + bias."""
    N, M = y.shape
    for block in prange(count_blocks(N, M, x.shape[1])):
        times_turned(block, y, residual, bias, x, weight, None, NOTHING)


@product(work=lambda y, z, x, weight, bias: _work(y, x))
def linear_gelu_forward(y, z, x, weight, bias):
    """z = x · weightᵀ + bias and y = gelu(z)."""
    N, M = y.shape
    for block in prange(count_blocks(N, M, x.shape[1])):
        times_turned(block, z, None, bias, x, weight, y, GELU)


@product(work=lambda y, x, weight, bias: _work(y, x))
def linear_relu_forward(y, x, weight, bias):
    """y = relu(x · weightᵀ + bias)."""
    N, M = y.shape
    for block in prange(count_blocks(N, M, x.shape[1])):
        times_turned(block, y, None, bias, x, weight, y, RELU)


@product(work=lambda dx, dweight, dbias, dy, x, weight: 2 * _work(dy, x))
def linear_backward(dx, dweight, dbias, dy, x, weight):
    """dx = dy · weight, dweight += dyᵀ · x, and dbias += the sum of the rows of dy."""
    (N, M), K = dy.shape, x.shape[1]
    # One region for both products. If both can be divided, each part is a share of the first and
    # one of the second, since the two may differ in speed; else it is a share of one of them.
    first, second = count_blocks(N, K, M), count_blocks(M, K, N)
    half = max(first, second)
    mixed = min(first, second) > 1
    parts = half if mixed else 2 * half
    for part in prange(parts):
        i = part % half
        if mixed or part < half:
            for block in range(first * i // half, first * (i + 1) // half):
                times(block, dx, None, None, dy, weight, None, NOTHING)
        if mixed or part >= half:
            for block in range(second * i // half, second * (i + 1) // half):
                turned_times(block, dweight, dweight, None, dy, x, dbias, SUMS)


@product(work=lambda c, a, b: _work(c, a))
def matmul_forward(c, a, b):
    """c = a · b for each of the stacked matrices."""
    B, M, N = c.shape
    for block in prange(B * count_blocks(M, N, a.shape[2])):
        times(block, c, None, None, a, b, None, NOTHING)


@product(work=lambda da, db, dc, a, b: _work(dc, a))
def matmul_backward(da, db, dc, a, b):
    """da = dc · bᵀ and db = aᵀ · dc."""
    B, M, N = dc.shape
    K = a.shape[2]
    for block in prange(B * count_blocks(M, K, N)):
        times_turned(block, da, None, None, dc, b, None, NOTHING)
    for block in prange(B * count_blocks(K, N, M)):
        turned_times(block, db, None, None, a, dc, None, NOTHING)


@product(work=lambda c, a, b: _work(c, a))
def matmul_transposed_forward(c, a, b):
    """c = a · bᵀ for each of the stacked matrices."""
    B, M, N = c.shape
    for block in prange(B * count_blocks(M, N, a.shape[2])):
        times_turned(block, c, None, None, a, b, None, NOTHING)


@product(work=lambda da, db, dc, a, b: _work(dc, a))
def matmul_transposed_backward(da, db, dc, a, b):
    """da = dc · b and db = dcᵀ · a."""
    B, M, N = dc.shape
    K = a.shape[2]
    for block in prange(B * count_blocks(M, K, N)):
        times(block, da, None, None, dc, b, None, NOTHING)
    for block in prange(B * count_blocks(N, K, M)):
        turned_times(block, db, None, None, dc, a, None, NOTHING)
