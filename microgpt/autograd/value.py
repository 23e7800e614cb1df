"""`Value`: a number in the autograd graph, the chain rule in its smallest form.

    >>> a, b = Value(2.0), Value(3.0)
    >>> y = a * b + a
    >>> y.backward()
    >>> y.data, a.grad, b.grad
    (8.0, 4.0, 2.0)

It is slow and knows no arrays; `Tensor` is for fast arrays, with the same chain rule.
"""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

from microgpt.autograd.engine import Node, backward, context
from microgpt.autograd.graph_copy import copy_graph, fields, reduce_graph, restore_node
from microgpt.errors import StateError

PLAIN_NUMBERS = (float, int)


def _assignment(operation: Callable) -> Callable:
    """Return `+=` for `+`: a leaf changes by a number under `no_grad`, else the name is rebound."""

    def assign(self: "Value", other: Any) -> "Value":
        if self.inputs or isinstance(other, Value):
            return operation(self, other)
        if context.grad_enabled:
            raise StateError(
                "to change a Value in place, write `p.data -= lr * p.grad`, or `with mg.no_grad():`"
                " around the loop; for a new Value, `q = p - …`"
            )
        self.data = operation(self, other).data
        return self

    return assign


class Value(Node):
    """A number that remembers how it was computed.

    `data` is the number, `grad` the derivative of the last result with respect to it: a leaf
    accumulates the gradients of all backward passes, other nodes keep that of the latest pass.
    `local_grads` are the local derivatives, one for each of `inputs`. Values are compared by number
    and hashed by identity.
    """

    __slots__ = ("__weakref__", "data", "grad", "inputs", "local_grads", "op")
    inputs: tuple["Value", ...]
    requires_grad = True

    def __init__(self, data: Any, inputs: tuple = (), local_grads: tuple = (), op: str = ""):
        self.data = data if inputs or type(data) in PLAIN_NUMBERS else _as_float(data)
        self.grad = 0.0
        if inputs and not context.grad_enabled:
            inputs = local_grads = ()
        self.inputs, self.local_grads, self.op = inputs, local_grads, op

    def __repr__(self) -> str:
        return f"Value({self.data:.6g})"

    # Each operation returns its result, its inputs, and the local derivative for each input.

    def __add__(self, other):
        other = _as_value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        other = _as_value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __pow__(self, exponent):
        if isinstance(exponent, Value):
            raise TypeError(
                "the exponent must be a plain number; for a**b write (b * a.log()).exp()"
            )
        if type(exponent) not in PLAIN_NUMBERS:
            exponent = _as_float(exponent)  # a NumPy number would round the result to its dtype
        if exponent * 0 != 0:  # infinite or NaN; faster than a call
            raise ValueError(f"the exponent must be finite; got {exponent}")
        if self.data == 0 and exponent < 0:
            raise ZeroDivisionError("0 cannot be divided by, nor raised to a negative power")
        if self.data < 0 and exponent != int(exponent):
            raise ValueError(f"{self.data} ** {exponent} is not a real number")
        try:
            y = self.data**exponent
        except OverflowError:
            raise _too_large(f"{self.data} ** {exponent}") from None
        try:
            local_grad = exponent * self.data ** (exponent - 1) if exponent else 0.0
        except (OverflowError, ZeroDivisionError):
            local_grad = exponent * _infinite_power(self.data, exponent - 1)
        return Value(y, (self,), (local_grad,), f"**{exponent}")

    def __rpow__(self, base):
        base = base if type(base) in PLAIN_NUMBERS else _as_float(base)
        if base < 0:
            raise ValueError(f"{base} ** x is a real number for some x only; the base must be >= 0")
        if base == 0 and self.data < 0:
            raise ZeroDivisionError("0 cannot be divided by, nor raised to a negative power")
        try:
            y = base**self.data
        except OverflowError:
            raise _too_large(f"{base} ** {self.data}") from None
        return Value(y, (self,), (y * math.log(base) if base else 0.0,), f"{base}**")

    def exp(self):
        """e to this number."""
        try:
            y = math.exp(self.data)
        except OverflowError:
            raise _too_large(f"exp({self.data})") from None
        return Value(y, (self,), (y,), "exp")

    def log(self):
        """The natural logarithm."""
        if self.data <= 0:
            raise ValueError(f"log needs a number above 0; got {self.data}")
        return Value(math.log(self.data), (self,), (1 / self.data,), "log")

    def tanh(self):
        """The hyperbolic tangent."""
        y = math.tanh(self.data)
        return Value(y, (self,), (1 - y * y,), "tanh")

    def relu(self):
        """max(0, x), with slope 0 at 0."""
        y = self.data if self.data > 0 or self.data != self.data else 0.0  # NaN stays NaN
        return Value(y, (self,), (float(self.data > 0),), "relu")

    def sigmoid(self):
        """1 / (1 + exp(-x))."""
        small = math.exp(-abs(self.data))  # never overflows
        y = (1.0 if self.data >= 0 else small) / (1.0 + small)
        return Value(y, (self,), (y * (1 - y),), "sigmoid")

    # The other operators are composed of these.

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-_as_value(other))

    def __truediv__(self, other):
        return self * _as_value(other) ** -1

    def __radd__(self, other):
        return self + other

    def __rsub__(self, other):
        return _as_value(other) + (-self)

    def __rmul__(self, other):
        return self * other

    def __rtruediv__(self, other):
        return _as_value(other) * self**-1

    def __pos__(self):
        return self

    __iadd__, __isub__ = _assignment(__add__), _assignment(__sub__)
    __imul__, __itruediv__ = _assignment(__mul__), _assignment(__truediv__)
    __ipow__ = _assignment(__pow__)

    def __abs__(self):
        return self.relu() + (-self).relu()

    # Comparisons are of the numbers and give True or False, so `max` and `sorted` work. A Value is
    # hashed by identity: a set of nodes holds each node, whatever its number.

    def __eq__(self, other):
        return self.data == other.data if isinstance(other, Value) else self.data == other

    def __lt__(self, other):
        return self.data < _as_value(other).data

    def __le__(self, other):
        return self.data <= _as_value(other).data

    def __gt__(self, other):
        return self.data > _as_value(other).data

    def __ge__(self, other):
        return self.data >= _as_value(other).data

    __hash__ = Node.__hash__

    def __bool__(self) -> bool:
        return self.data != 0

    def __float__(self) -> float:
        if context.grad_enabled:
            raise TypeError(
                "float() and the functions of math would lose the history of a Value: v.data is "
                "its number, and exp, log, tanh, relu and sigmoid are methods, v.exp()"
            )
        return float(self.data)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def item(self) -> float:
        """Return the number as a float."""
        return float(self.data)

    # Backward, and the methods of `Node` that the engine calls.

    def backward(self, gradient: float = 1.0) -> None:
        """Add the derivative of this number to the `grad` of every leaf it was computed from."""
        backward(self, gradient)

    def vjp(self, gradient):
        self.grad = gradient
        local_grads = self.local_grads
        if len(local_grads) == 2:  # the common case: written out, it is twice as fast
            return local_grads[0] * gradient, local_grads[1] * gradient
        return tuple([local_grad * gradient for local_grad in local_grads])

    def accumulate_grad(self, gradient):
        # None is what loops written for PyTorch set it to.
        self.grad = gradient if self.grad is None else self.grad + gradient

    def add_grads(self, first, second):
        return first + second

    def add_grad_(self, buffer, gradient):
        return buffer + gradient

    def zeros_grad(self):
        return 0.0

    # Copies and pickles: Python's own would recurse once for each node.

    def __copy__(self):
        return restore_node(fields(self))

    def __deepcopy__(self, memo):
        return copy_graph(self, memo)

    def __reduce__(self):
        return reduce_graph(self)


def _infinite_power(x: float, exponent: float) -> float:
    """Return x ** exponent where Python raises an error and C, as tensors do, gives infinity."""
    return -math.inf if math.copysign(1, x) < 0 and exponent % 2 == 1 else math.inf


def _too_large(expression: str) -> OverflowError:
    return OverflowError(f"{expression} is too large for a float, whose end is 1.8e308")


def _as_value(number: Any) -> Value:
    return number if isinstance(number, Value) else Value(number)


def _as_float(number: Any) -> float:
    if isinstance(number, Real):  # NumPy's scalars, fractions …
        return float(number)
    raise TypeError(
        f"a Value works with numbers and other Values, not with {type(number).__name__}"
    )
