"""Operators of a tensor that build no graph: comparisons, and assignments such as `+=`."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import context
from microgpt.autograd.tensor_base import TensorBase
from microgpt.backends import check_host_read, is_array, to_host
from microgpt.errors import ShapeError, StateError
from microgpt.ops.arithmetic import NUMBERS
from microgpt.ops.shape import broadcast_to, flat


def comparison(compare: Callable) -> Callable:
    """Return a comparison, element by element: a boolean array, through which no gradient flows."""

    def compared(self: TensorBase, other: Any) -> Any:
        if isinstance(other, TensorBase):
            other = other.array
        elif isinstance(other, np.generic):
            other = other.item()  # a float64 of NumPy would not equal the float32 nearest to it
        elif not is_array(other) and not isinstance(other, list | tuple | int | float):
            return NotImplemented
        check_host_read("a comparison")
        try:
            return compare(*map(_on_host, (self.array, other)))
        except ValueError:
            raise ShapeError(
                f"shapes {self.array.shape} and {np.shape(other)} cannot be compared: counted from "
                "the right, each pair of sizes must be equal, or one of them 1"
            ) from None

    return compared


def _on_host(value: Any) -> Any:
    return to_host(value) if is_array(value) and not isinstance(value, np.ndarray) else value


def assignment(operation: Callable, name: str) -> Callable:
    """Return `+=` for `+`: changes a leaf's array as PyTorch does, and rebinds any other name.

    A leaf that requires a gradient changes under `no_grad` only. Where the result has a history,
    it is a new tensor: `loss += …` is `loss = loss + …`.
    """

    def assign(self: TensorBase, other: Any) -> TensorBase:
        if context.grad_enabled:
            if self.requires_grad and not self.inputs:
                raise StateError(
                    "a leaf that requires a gradient is not changed in place, its history would "
                    "be lost",
                    "around an update write `with mg.no_grad():`; for a new tensor, `q = p - …`",
                )
            if self.inputs or getattr(other, "requires_grad", False):
                return operation(self, other)
        elif self.inputs:
            raise StateError(
                "this tensor was computed with a history, and an assignment under no_grad would "
                "end it",
                "write t = t.detach() first, or move the assignment out of no_grad",
            )
        _launch_assignment(self, other, operation, name)
        return self

    return assign


def _launch_assignment(x: TensorBase, other: Any, operation: Callable, name: str) -> None:
    array, launch = flat(x.array), x.backend.launch
    if not isinstance(other, NUMBERS):
        other = x.as_tensor_like(other)
        try:
            other = broadcast_to(other, x.array.shape)
        except ShapeError:
            raise ShapeError(
                f"in place, a tensor keeps its shape {x.array.shape}; got {other.array.shape}"
            ) from None
        launch(f"{name}_forward", array, array, flat(other.array))
    elif name in ("add", "subtract"):
        launch("shift_forward", array, array, float(other) if name == "add" else -float(other))
    else:
        if name == "divide" and other == 0:
            raise ZeroDivisionError("a tensor cannot be divided by the number 0")
        factor = float(other) if name == "multiply" else 1 / float(other)
        launch("scale_forward", array, array, factor)


def _refuse_power(self: TensorBase, exponent: Any) -> TensorBase:
    if not self.inputs:
        raise StateError("a leaf is not raised to a power in place", "write q = p ** …")
    return ops.power(self, exponent)


class TensorOperators(TensorBase):
    """Comparisons and assignments; a tensor is hashed by identity."""

    __slots__ = ()

    __eq__, __ne__ = comparison(operator.eq), comparison(operator.ne)
    __lt__, __le__ = comparison(operator.lt), comparison(operator.le)
    __gt__, __ge__ = comparison(operator.gt), comparison(operator.ge)
    __hash__ = TensorBase.__hash__

    __iadd__ = assignment(ops.add, "add")
    __isub__ = assignment(ops.subtract, "subtract")
    __imul__ = assignment(ops.multiply, "multiply")
    __itruediv__ = assignment(ops.divide, "divide")
    __ipow__ = _refuse_power

    def __contains__(self, number: Any) -> bool:
        return bool(np.any(self == number))
