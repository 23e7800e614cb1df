"""Elementwise + − × ÷ and powers; the two operands are broadcast as in NumPy.

At the edges a `Tensor` has the value and the slope that PyTorch has; a `Value` has the same, or
stops with a sentence where Python's own numbers stop. A test reads this table:

    expression      x         value     slope          Value
    x ** 0          0         1         0              same
    x ** 1          0         0         1              same
    x ** 2          0         0         0              same
    x ** 0.5        0         0         inf            same
    x ** 3          -2        -8        12             same
    x ** -2         -2        0.25      0.25           same
    x ** -1         0         inf       -inf           ZeroDivisionError
    1 / x           0         inf       -inf           ZeroDivisionError
    x ** 0.5        -2        nan       nan            ValueError
    x ** -1         1e-200    1e200     -inf           same
    x ** -2         -1e-120   1e240     inf            same
    x ** 2          1e200     inf       2e200          OverflowError
    x * x           1e200     inf       2e200          same
    x ** 0          nan       1         0              same
    x ** 2          nan       nan       nan            same
    2 ** x          10        1024      709.782712893  same
    0 ** x          2         0         0              same
    0 ** x          0         1         0              same
    0 ** x          -1        inf       -inf           ZeroDivisionError
    (-2) ** x       2         4         nan            ValueError
    x.exp()         1000      inf       inf            OverflowError
    x.exp()         -1000     0         0              same
    x.log()         0         -inf      inf            ValueError
    x.log()         -1        nan       -1             ValueError
    x.log()         nan       nan       nan            same
    x.tanh()        1000      1         0              same
    x.sigmoid()     -1000     0         0              same
    x.relu()        0         0         0              same
    abs(x)          0         0         0              same

Divided by the plain number 0, both raise ZeroDivisionError. An exponent is a finite plain number;
for `a ** b` of two nodes, write `(b * a.log()).exp()`. Of equal maxima the first has the slope 1.
"""

import math

import numpy as np

from microgpt.ops.shape import broadcast, flat

NUMBERS = (int, float, np.integer, np.floating)


def add(x, other):
    """x + y."""
    if isinstance(other, NUMBERS):
        return _scalar_op("shift_forward", x, other, lambda dy: dy)
    x, y = broadcast(x, other)
    return _binary_op("add", x, y, lambda dz: (dz, dz))


def subtract(x, other):
    """x − y."""
    if isinstance(other, NUMBERS):
        return add(x, -float(other))
    x, y = broadcast(x, other)

    def backward(dz):
        return dz, scale(x.backend, dz, -1)

    return _binary_op("subtract", x, y, backward)


def rsubtract(x, other):
    """y − x, for `other - x` with a number or an array on the left."""
    return add(negative(x), other)


def multiply(x, other):
    """x · y, element by element."""
    if isinstance(other, NUMBERS):
        number = float(other)
        return _scalar_op("scale_forward", x, number, lambda dy: scale(x.backend, dy, number))
    x, y = broadcast(x, other)
    return _binary_op("multiply", x, y, _binary_backward("multiply_backward", x, y))


def negative(x):
    """−x."""
    return multiply(x, -1)


def divide(x, other):
    """x / y, element by element."""
    if isinstance(other, NUMBERS):
        if other == 0:
            raise ZeroDivisionError("a tensor cannot be divided by the number 0")
        return multiply(x, 1 / float(other))
    x, y = broadcast(x, other)
    return _binary_op("divide", x, y, _binary_backward("divide_backward", x, y))


def rdivide(x, other):
    """y / x, for `other / x` with a number or an array on the left."""
    return multiply(power(x, -1), other)


def power(x, exponent):
    """x ** p for a plain number p; dx = dy · p · x ** (p − 1)."""
    backend, exponent = x.backend, _exponent(exponent)
    y = backend.empty(x.shape, x.dtype)
    backend.launch("power_forward", flat(y), flat(x.array), exponent)

    def backward(dy):
        dx = backend.empty(x.shape, x.dtype)
        backend.launch("power_backward", flat(dx), flat(dy), flat(x.array), exponent)
        return (dx,)

    return x.from_op(y, (x,), backward, "power")


def rpower(x, base):
    """b ** x for a plain number b; dx = dy · y · log(b), 0 where b is 0."""
    if not isinstance(base, NUMBERS):
        raise TypeError("the base must be a plain number; for a**b write (b * a.log()).exp()")
    backend, base = x.backend, float(base)
    y = backend.empty(x.shape, x.dtype)
    backend.launch("rpower_forward", flat(y), flat(x.array), base)

    def backward(dy):
        dx = backend.empty(x.shape, x.dtype)
        backend.launch("rpower_backward", flat(dx), flat(dy), flat(y), base)
        return (dx,)

    return x.from_op(y, (x,), backward, "rpower")


def _exponent(number):
    if not isinstance(number, NUMBERS):
        raise TypeError("the exponent must be a plain number; for a**b write (b * a.log()).exp()")
    if not math.isfinite(number):
        raise ValueError(f"the exponent must be finite; got {number}")
    return float(number)


def scale(backend, array, number):
    """Return a new array, `number` · `array`."""
    out = backend.empty(array.shape, array.dtype)
    backend.launch("scale_forward", flat(out), flat(array), float(number))
    return out


def _scalar_op(kernel, x, number, rule):
    y = x.backend.empty(x.shape, x.dtype)
    x.backend.launch(kernel, flat(y), flat(x.array), float(number))
    return x.from_op(y, (x,), lambda dy: (rule(dy),), kernel.removesuffix("_forward"))


def _binary_op(name, x, y, backward):
    z = x.backend.empty(x.array.shape, x.array.dtype)
    x.backend.launch(f"{name}_forward", flat(z), flat(x.array), flat(y.array))
    return x.from_op(z, (x, y), backward, name)


def _binary_backward(kernel, x, y):
    backend = x.backend

    def backward(dz):
        dx, dy = backend.empty(x.shape, x.dtype), backend.empty(x.shape, x.dtype)
        backend.launch(kernel, flat(dx), flat(dy), flat(dz), flat(x.array), flat(y.array))
        return dx, dy

    return backward
