"""What NumPy's functions do with a tensor: run as the operation of that name, or say which to use.

An array computed by NumPy has no history. Where a gradient would be lost without a word, the call
is refused; tensors that need none are read like arrays.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import context
from microgpt.autograd.tensor_base import TensorBase
from microgpt.backends import check_host_read, to_host
from microgpt.errors import StateError

# ufunc -> the operation that runs in its place. Comparisons give arrays.
OPERATIONS: dict[str, Callable] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "matmul": operator.matmul,
    "negative": operator.neg,
    "absolute": operator.abs,
    "exp": ops.exp,
    "log": ops.log,
    "tanh": ops.tanh,
    "sqrt": lambda x: ops.power(x, 0.5),
    "square": lambda x: ops.multiply(x, x),
    "reciprocal": lambda x: ops.power(x, -1),
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}

# NumPy's function -> what to write instead.
INSTEAD = {
    "concatenate": "mg.ops.cat([a, b], axis)",
    "hstack": "mg.ops.cat([a, b], axis)",
    "vstack": "mg.ops.cat([a, b]) or mg.ops.stack([a, b])",
    "stack": "mg.ops.stack([a, b], axis)",
    "where": "mg.ops.where(condition, x, y)",
    "clip": "mg.ops.clip(x, min, max)",
    "outer": "mg.ops.outer(x, y)",
    "dot": "x @ y",
    "vdot": "x @ y",
    "inner": "x @ y.T",
    "einsum": "@, transpose and sum",
    "tensordot": "@, transpose and sum",
    "sum": "x.sum(axis)",
    "mean": "x.mean(axis)",
    "average": "x.mean(axis)",
    "std": "x.std(axis)",
    "var": "x.var(axis)",
    "max": "x.max(axis)",
    "amax": "x.max(axis)",
    "min": "x.min(axis)",
    "amin": "x.min(axis)",
    "argmax": "x.argmax(axis)",
    "argmin": "(-x).argmax(axis)",
    "reshape": "x.reshape(shape)",
    "ravel": "x.reshape(-1)",
    "transpose": "x.transpose(axes)",
    "swapaxes": "x.transpose(axes), with all axes in their order",
    "moveaxis": "x.transpose(axes), with all axes in their order",
    "squeeze": "x.reshape(shape)",
    "expand_dims": "x[:, None]",
    "broadcast_to": "x.broadcast_to(shape)",
    "maximum": "mg.ops.relu(x), or mg.ops.clip(x, min)",
    "minimum": "mg.ops.clip(x, max=…)",
    "linalg.norm": "(x * x).sum() ** 0.5",
    "add.reduce": "x.sum(axis)",
    "maximum.reduce": "x.max(axis)",
}


# Functions whose results have no gradient anyway.
NO_GRADIENT = {
    *("shape", "ndim", "size", "array_repr", "array_str", "array2string"),
    *("allclose", "isclose", "array_equal", "isnan", "isinf", "isfinite", "sign", "any", "all"),
    *("argmax", "argmin", "argsort", "count_nonzero", "nonzero"),
}


class NumpyProtocol(TensorBase):
    """The methods by which NumPy asks an object what to do (NEP 13, NEP 18 and `__array__`)."""

    __slots__ = ()

    def numpy(self) -> np.ndarray:
        """Return a copy of the array."""
        check_host_read(".numpy()")
        return to_host(self.array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if context.grad_enabled and self.requires_grad:
            raise StateError(
                "an array of this tensor would lose its history, and no gradient would flow back",
                "use its methods and mg.ops (stack, cat, where …), or t.numpy() for its numbers",
            )
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Run `np.exp(t)`, and `array + t`, which NumPy sees first, as the operation of that name.

        Anything else, such as `array += t`, is computed of the numbers if no gradient is lost.
        """
        op = OPERATIONS.get(ufunc.__name__)
        if op is not None and method == "__call__" and not options:
            return op(*map(self._as_operand, inputs))
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        return self.__array_function__(getattr(ufunc, method), (), inputs, options, name)

    def __array_function__(
        self, function: Callable, types: Any, args: Any, kwargs: Any, name: str = ""
    ) -> Any:
        """Run a function of NumPy on the numbers; raise StateError if a gradient would be lost."""
        if not name:
            name = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
        if context.grad_enabled and name not in NO_GRADIENT and _any_requires_grad((args, kwargs)):
            own = INSTEAD.get(name)
            raise StateError(
                f"np.{name} of a tensor would lose its history, and no gradient would flow back",
                f"write {own}" if own else f"use its methods and mg.ops, or np.{name} of t.numpy()",
            )
        args, kwargs = _as_arrays((args, kwargs))
        return function(*args, **kwargs)

    def _as_operand(self, operand: Any) -> Any:
        """Return an operand whose operators do not come back here: no array, no number of NumPy."""
        if isinstance(operand, np.generic):
            return operand.item()
        return self.as_tensor_like(operand) if isinstance(operand, np.ndarray) else operand


def _any_requires_grad(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return any(map(_any_requires_grad, value))
    return isinstance(value, NumpyProtocol) and value.requires_grad


def _as_arrays(value: Any) -> Any:
    """Return nested arguments with the numbers of tensors in their stead."""
    if isinstance(value, NumpyProtocol):
        return value.numpy()
    if isinstance(value, tuple | list):
        return type(value)([_as_arrays(part) for part in value])
    if isinstance(value, dict):
        return {name: _as_arrays(part) for name, part in value.items()}
    return value
