"""Matrix products."""

from math import prod

from microgpt.errors import ShapeError
from microgpt.ops.shape import broadcast_to


def linear(x, weight, bias=None):
    """Each vector times a matrix, plus a bias: y = x · weightᵀ + bias.

    x (…, K), weight (M, K), bias (M,) -> y (…, M)
    """
    require_linear(x, weight)
    k, rows, matrix = x.kernels, x.rows(), weight.array
    y = k.empty((len(rows), len(matrix)), matrix.dtype)
    k.launch("linear_forward", y, rows, matrix)

    def backward(dy):
        dx, dweight = k.empty(rows.shape, rows.dtype), weight.gradient()
        k.launch("linear_backward", dx, dweight, dy.reshape(y.shape), rows, matrix)
        return dx.reshape(x.array.shape), dweight

    y_shape = (*x.array.shape[:-1], len(matrix))
    out = x.from_op(y.reshape(y_shape), (x, weight), backward, "linear")
    return out if bias is None else out + bias


def require_linear(x, weight):
    """Refuse what `linear` cannot multiply."""
    if weight.kernels is not x.kernels or weight.array.dtype is not x.array.dtype:
        x.require_same(weight)
    shape, wanted = x.array.shape, weight.array.shape
    if len(wanted) != 2 or not shape or shape[-1] != wanted[1]:
        raise ShapeError(
            f"linear needs x (…, K) and weight (M, K); got x {shape} and weight {wanted}"
        )


def matmul(a, b):
    """The matrix product c = a · b, for one matrix each or for equal stacks of them.

    a (…, M, K), b (…, K, N) -> c (…, M, N); a stack times one matrix works too
    """
    return _product("matmul", a, a.coerce(b), "a (…, M, K) and b (…, K, N)", -2)


def matmul_from(b, a):
    """a · b, for `a @ b` with a plain array at the left."""
    return matmul(b.coerce(a), b)


def matmul_transposed(a, b):
    """The product with the second matrix transposed: c = a · bᵀ.

    a (…, M, K), b (…, N, K) -> c (…, M, N)
    """
    return _product("matmul_transposed", a, a.coerce(b), "a (…, M, K) and b (…, N, K)", -1)


def _product(name, a, b, wanted, inner):
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[inner]:
        raise ShapeError(f"{name} needs {wanted}; got {a.shape} and {b.shape}")
    if a.shape[:-2] != b.shape[:-2]:
        stack = max(a.shape[:-2], b.shape[:-2], key=len)
        if a.shape[:-2] not in ((), stack) or b.shape[:-2] not in ((), stack):
            raise ShapeError(f"{name} needs equal stacks of matrices; got {a.shape} and {b.shape}")
        a, b = broadcast_to(a, stack + a.shape[-2:]), broadcast_to(b, stack + b.shape[-2:])
    k, stack = a.kernels, a.shape[:-2]
    many = prod(stack)
    left, right = a.array.reshape(many, *a.shape[-2:]), b.array.reshape(many, *b.shape[-2:])
    c = k.empty((many, a.shape[-2], b.shape[-3 - inner]), a.dtype)
    k.launch(f"{name}_forward", c, left, right)

    def backward(dc):
        da, db = k.empty(left.shape, a.dtype), k.empty(right.shape, a.dtype)
        k.launch(f"{name}_backward", da, db, dc.reshape(c.shape), left, right)
        return da.reshape(a.shape), db.reshape(b.shape)

    return a.from_op(c.reshape(*stack, *c.shape[1:]), (a, b), backward, name)
