"""Elementwise functions of one input: x (…) -> y (…)."""

from microgpt.ops.arithmetic import add, negative
from microgpt.ops.op_hooks import overridable
from microgpt.ops.shape import flat


def exp(x):
    """e ** x; dx = dy · y."""
    return _elementwise("exp", x, "multiply_forward", with_output=True)


def log(x):
    """The natural logarithm; dx = dy / x."""
    return _elementwise("log", x, "divide_forward", with_output=False)


@overridable
def tanh(x):
    """The hyperbolic tangent; dx = dy · (1 − y²)."""
    return _elementwise("tanh", x, "tanh_backward", with_output=True)


@overridable
def sigmoid(x):
    """1 / (1 + exp(−x)); dx = dy · y · (1 − y)."""
    return _elementwise("sigmoid", x, "sigmoid_backward", with_output=True)


@overridable
def gelu(x):
    """x times the chance that a standard normal number lies below x, in GPT-2's tanh form.

    y = 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))          Hendrycks & Gimpel 2016
    """
    return _elementwise("gelu", x, "gelu_backward", with_output=False)


@overridable
def relu(x):
    """max(0, x); dx = dy where x > 0, else 0 (also at 0)."""
    return _elementwise("relu", x, "relu_backward", with_output=False)


def abs(x):
    """|x| = relu(x) + relu(−x); the slope at 0 is 0."""
    return add(relu(x), relu(negative(x)))


def _elementwise(name, x, kernel, with_output):
    """An elementwise operation whose backward kernel reads its output, or else its input."""
    backend, array = x.backend, x.array
    y = backend.empty(array.shape, array.dtype)
    backend.launch(f"{name}_forward", flat(y), flat(array))
    saved = flat(y if with_output else array)

    def backward(dy):
        dx = backend.empty(dy.shape, dy.dtype)
        backend.launch(kernel, flat(dx), flat(dy), saved)
        return (dx,)

    return x.from_op(y, (x,), backward, name)
