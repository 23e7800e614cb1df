"""Matrix products."""

from math import prod

from microgpt.errors import ShapeError
from microgpt.ops.arithmetic import multiply
from microgpt.ops.op_hooks import DECOMPOSITIONS, fused, overridable
from microgpt.ops.quantized import QuantizedMatrix, quantized_linear
from microgpt.ops.shape import broadcast_to, flat, reshape


@overridable
def linear(x, weight, bias=None):
    """Each vector times a matrix, plus a bias: y = x · weightᵀ + bias.

    x (…, K), weight (M, K), bias (M,) -> y (…, M)
    """
    if isinstance(weight, QuantizedMatrix):
        return quantized_linear(x, weight, bias)
    backend, rows, bias_array = _linear_inputs(x, weight, bias)
    y = backend.empty((len(rows), len(weight.array)), rows.dtype)
    backend.launch("linear_forward", y, rows, weight.array, bias_array)
    return _linear_result("linear", x, weight, bias, y)


@fused
def linear_residual(x, weight, bias, residual, hook=None):
    """`residual + linear(x, weight, bias)` in one operation.

    x (…, K), weight (M, K), bias (M,) or None, residual (…, M) -> y (…, M). As in all fused
    operations, only the decomposition uses `hook`: it is offered activations that are not stored
    here.
    """
    if isinstance(weight, QuantizedMatrix):
        return DECOMPOSITIONS["linear_residual"](x, weight, bias, residual)
    backend, rows, bias_array = _linear_inputs(x, weight, bias)
    x.check_compatible(residual)
    y = backend.empty((len(rows), len(weight.array)), rows.dtype)
    if residual.array.shape != (*x.array.shape[:-1], y.shape[1]):
        raise ShapeError(
            f"the residual of x {x.shape} times weight {weight.shape} must have the shape of the "
            f"result; got {residual.shape}"
        )
    backend.launch("linear_residual_forward", y, rows, weight.array, bias_array, residual.as_2d())
    return _linear_result("linear_residual", x, weight, bias, y, residual=residual)


@fused
def linear_gelu(x, weight, bias=None, hook=None):
    """`gelu(linear(x, weight, bias))` in one operation; shapes as in `linear`."""
    if isinstance(weight, QuantizedMatrix):
        return DECOMPOSITIONS["linear_gelu"](x, weight, bias)
    backend, rows, bias_array = _linear_inputs(x, weight, bias)
    y, z = (backend.empty((len(rows), len(weight.array)), rows.dtype) for _ in range(2))
    backend.launch("linear_gelu_forward", y, z, rows, weight.array, bias_array)
    return _linear_result("linear_gelu", x, weight, bias, y, activation=("gelu_backward", z))


@fused
def linear_relu(x, weight, bias=None, hook=None):
    """`relu(linear(x, weight, bias))` in one operation; shapes as in `linear`."""
    if isinstance(weight, QuantizedMatrix):
        return DECOMPOSITIONS["linear_relu"](x, weight, bias)
    backend, rows, bias_array = _linear_inputs(x, weight, bias)
    y = backend.empty((len(rows), len(weight.array)), rows.dtype)
    backend.launch("linear_relu_forward", y, rows, weight.array, bias_array)
    # relu's output is above 0 exactly where its input is, so backward can read y.
    return _linear_result("linear_relu", x, weight, bias, y, activation=("relu_backward", y))


def _linear_inputs(x, weight, bias):
    """Check the shapes; return the back end, x as rows, and the bias array or a placeholder."""
    check_linear_shapes(x, weight, bias)
    return (
        x.backend,
        x.as_2d(),
        x.backend.empty_optional(1, x.dtype) if bias is None else bias.array,
    )


def _linear_result(op, x, weight, bias, y, activation=None, residual=None):
    """Make the result of a linear operation from y (N, M), with its backward function."""
    backend, rows, matrix = x.backend, x.as_2d(), weight.array

    def backward(dy):
        dz = dy.reshape(y.shape)
        if activation is not None:
            name, seen = activation
            dz = backend.empty(y.shape, y.dtype)
            backend.launch(name, flat(dz), flat(dy), flat(seen))
        dx, dweight = backend.empty(rows.shape, rows.dtype), weight.grad_buffer()
        dbias = backend.empty_optional(1, rows.dtype) if bias is None else bias.grad_buffer()
        backend.launch("linear_backward", dx, dweight, dbias, dz, rows, matrix, 1)
        grads = (dx.reshape(x.array.shape), dweight)
        grads += () if bias is None else (dbias,)
        return grads if residual is None else (*grads, dy)

    inputs = (x, weight) if bias is None else (x, weight, bias)
    inputs = inputs if residual is None else (*inputs, residual)
    return x.from_op(y.reshape(*x.array.shape[:-1], len(matrix)), inputs, backward, op)


def check_linear_shapes(x, weight, bias=None):
    """Raise unless x, weight and bias fit `linear` in shape, dtype and back end."""
    if weight.backend is not x.backend or weight.array.dtype is not x.array.dtype:
        x.check_compatible(weight)
    shape, weight_shape = x.array.shape, weight.array.shape
    if len(weight_shape) != 2 or not shape or shape[-1] != weight_shape[1]:
        raise ShapeError(
            f"linear needs x (…, K) and weight (M, K); got x {shape} and weight {weight_shape}"
        )
    if bias is not None:
        x.check_compatible(bias)
        if bias.array.shape != weight_shape[:1]:
            raise ShapeError(
                f"the bias of a weight {weight_shape} must have shape {weight_shape[:1]}; got "
                f"{bias.shape}"
            )


@overridable
def matmul(a, b):
    """The matrix product c = a · b, for one matrix each or for equal stacks of them.

    a (…, M, K), b (…, K, N) -> c (…, M, N); a stack times one matrix works too. A vector on the
    left is a row, one on the right a column, and the result lacks that axis.
    """
    return _matmul("matmul", a, a.as_tensor_like(b), "a (…, M, K) and b (…, K, N)", -2)


def outer(x, y):
    """All products of two vectors: x (N,), y (M,) -> z (N, M)."""
    y = x.as_tensor_like(y)
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(f"outer needs two vectors; got {x.shape} and {y.shape}")
    return multiply(reshape(x, (-1, 1)), reshape(y, (1, -1)))


def rmatmul(b, a):
    """a · b, for `a @ b` with an array on the left."""
    return matmul(b.as_tensor_like(a), b)


@overridable
def matmul_transposed(a, b):
    """The product with the second matrix transposed: c = a · bᵀ.

    a (…, M, K), b (…, N, K) -> c (…, M, N)
    """
    return _matmul("matmul_transposed", a, a.as_tensor_like(b), "a (…, M, K) and b (…, N, K)", -1)


def _matmul(name, a, b, weight_shape, inner):
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[inner]:
        if name == "matmul" and (a.ndim == 1 or b.ndim == 1):
            return _vector_product(a, b)
        raise ShapeError(f"{name} needs {weight_shape}; got {a.shape} and {b.shape}")
    if a.shape[:-2] != b.shape[:-2]:
        stack = max(a.shape[:-2], b.shape[:-2], key=len)
        if a.shape[:-2] not in ((), stack) or b.shape[:-2] not in ((), stack):
            raise ShapeError(f"{name} needs equal stacks of matrices; got {a.shape} and {b.shape}")
        a, b = broadcast_to(a, stack + a.shape[-2:]), broadcast_to(b, stack + b.shape[-2:])
    backend, stack = a.backend, a.shape[:-2]
    count = prod(stack)
    left, right = a.array.reshape(count, *a.shape[-2:]), b.array.reshape(count, *b.shape[-2:])
    c = backend.empty((count, a.shape[-2], b.shape[-3 - inner]), a.dtype)
    backend.launch(f"{name}_forward", c, left, right)

    def backward(dc):
        da, db = backend.empty(left.shape, a.dtype), backend.empty(right.shape, a.dtype)
        backend.launch(f"{name}_backward", da, db, dc.reshape(c.shape), left, right)
        return da.reshape(a.shape), db.reshape(b.shape)

    return a.from_op(c.reshape(*stack, *c.shape[1:]), (a, b), backward, name)


def _vector_product(a, b):
    """The product where a or b is a vector, which takes part as a matrix of one row or column."""
    left = reshape(a, (1, -1)) if a.ndim == 1 else a
    right = reshape(b, (-1, 1)) if b.ndim == 1 else b
    c = matmul(left, right)
    shape = c.shape if a.ndim > 1 else (*c.shape[:-2], c.shape[-1])
    return reshape(c, shape if b.ndim > 1 else shape[:-1])
