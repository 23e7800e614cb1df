"""Matrix products: `linear` with a weight (out, in), `matmul` of two stacks of matrices.

In the order to read them: `naive` says what a product computes, a thread an element of the result;
`tiles` reads each operand a sixteenth as often; `registers` lets each number that was read serve 8
products; `unrolled` writes its loop out; `tensor_cores` multiplies small matrices in one
instruction; `vendor` is cuBLAS. `stores` says what becomes of a sum; `products` has all rungs of a
product, `choice` selects one; `column_sums` is the bias's gradient.

The first four add in the same order, so an element has the same bits whichever ran. An absent bias
has no elements.
"""

from microgpt.backends.numba_cuda._launch import scratch
from microgpt.backends.numba_cuda.matmul.column_sums import accumulate_column_sums
from microgpt.backends.numba_cuda.matmul.products import NN, NT, TN, Product
from microgpt.backends.numba_cuda.matmul.stores import (
    store,
    store_gelu,
    store_relu,
    store_residual,
)

# The letters say how a and b are stored: n as they are multiplied, t transposed.
nn, nt, tn = (Product(storage, store) for storage in (NN, NT, TN))
nt_residual, tn_residual = Product(NT, store_residual), Product(TN, store_residual)
nt_gelu, nt_relu = Product(NT, store_gelu), Product(NT, store_relu)


def linear_forward(y, x, weight, bias):
    """y = x · weightᵀ + bias: x (N, K), weight (M, K), bias (M,) -> y (N, M)."""
    nt(_stack(y), _stack(x), _stack(weight), bias)


def linear_residual_forward(y, x, weight, bias, residual):
    """y = residual + x · weightᵀ + bias."""
    nt_residual(_stack(y), _stack(x), _stack(weight), bias, _stack(residual))


def linear_gelu_forward(y, z, x, weight, bias):
    """z = x · weightᵀ + bias and y = gelu(z)."""
    nt_gelu(_stack(y), _stack(x), _stack(weight), bias, _stack(z))


def linear_relu_forward(y, x, weight, bias):
    """y = relu(x · weightᵀ + bias)."""
    nt_relu(_stack(y), _stack(x), _stack(weight), bias)


def linear_backward(dx, dweight, dbias, dy, x, weight, accumulate):
    """dx = dy · weight, dweight += dyᵀ · x, dbias += Σ_n dy[n]; dweight = …, if not accumulate."""
    nn(_stack(dx), _stack(dy), _stack(weight), _no_bias(dy))
    if accumulate:
        tn_residual(_stack(dweight), _stack(dy), _stack(x), _no_bias(dy), _stack(dweight))
    else:
        tn(_stack(dweight), _stack(dy), _stack(x), _no_bias(dy))
    if dbias.size:
        accumulate_column_sums(dbias, dy)


def matmul_forward(c, a, b):
    """c = a · b for each of the stacked matrices: a (B, M, K), b (B, K, N) -> c (B, M, N)."""
    nn(c, a, b, _no_bias(c))


def matmul_backward(da, db, dc, a, b):
    """da = dc · bᵀ and db = aᵀ · dc."""
    nt(da, dc, b, _no_bias(dc))
    tn(db, a, dc, _no_bias(dc))


def matmul_transposed_forward(c, a, b):
    """c = a · bᵀ for each of the stacked matrices: a (B, M, K), b (B, N, K) -> c (B, M, N)."""
    nt(c, a, b, _no_bias(c))


def matmul_transposed_backward(da, db, dc, a, b):
    """da = dc · b and db = dcᵀ · a."""
    nn(da, dc, b, _no_bias(dc))
    tn(db, dc, a, _no_bias(dc))


def _stack(matrix):
    """A matrix (M, N) as a stack of one (1, M, N): the same memory."""
    return matrix.reshape(1, *matrix.shape)


def _no_bias(array):
    return scratch((0,), array)
