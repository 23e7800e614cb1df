"""`TensorBase`: an array in the graph as operations and the engine see it; the base of `Tensor`."""

from collections.abc import Callable
from math import prod
from typing import Any, Self

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import Node, context
from microgpt.backends import Backend
from microgpt.errors import DeviceError, DtypeError, ShapeError


class TensorBase(Node):
    """An array of one back end (`backend`), and the rule for going back through its operation."""

    __slots__ = (
        "__weakref__",
        "_grad",
        "array",
        "backend",
        "backward_fn",
        "inputs",
        "op",
        "requires_grad",
    )
    array: np.ndarray
    backend: Backend
    backward_fn: Callable | None
    op: str
    _grad: np.ndarray | None

    # For operations.

    def from_op(self, array: np.ndarray, inputs: tuple, backward_fn: Callable, op: str) -> Self:
        """The result of `op`: an array, its inputs, and its backward function."""
        if context.grad_enabled:
            for parent in inputs:
                if parent.requires_grad:
                    out = _new(type(self))
                    out.array, out.backend, out._grad = array, self.backend, None
                    out.inputs, out.backward_fn, out.op, out.requires_grad = (
                        inputs,
                        backward_fn,
                        op,
                        True,
                    )
                    return out
        return self.from_array(array)

    def from_array(self, array: np.ndarray) -> Self:
        """A tensor without history around an array of the same back end; nothing is copied."""
        out = _new(type(self))
        out.array, out.backend = array, self.backend
        out.inputs, out.backward_fn, out.op, out.requires_grad, out._grad = (
            (),
            None,
            "",
            False,
            None,
        )
        return out

    def as_2d(self) -> np.ndarray:
        """The array as (N, C): all axes but the last flattened into one."""
        array = self.array
        if array.ndim == 2:
            return array
        if array.size:
            return array.reshape(-1, array.shape[-1])
        *outer, C = array.shape
        return array.reshape(prod(outer), C)

    def as_tensor_like(self, other: Any) -> Self:
        """`other` as a tensor of this back end and dtype; a tensor of another one raises."""
        if not isinstance(other, type(self)):
            if not isinstance(other, np.ndarray | np.generic | list | tuple | int | float):
                raise TypeError(
                    f"a Tensor works with Tensors, arrays and numbers, not {type(other).__name__}"
                )
            if (
                backends.current_tracer() is not None
                and isinstance(other, np.ndarray)
                and other.dtype == self.array.dtype
                and other.flags.c_contiguous
            ):
                return self.from_array(other)  # an argument of a recording is not copied again
            return type(self)(other, dtype=self.array.dtype, backend=self.backend.name)  # type: ignore
        if other.backend is not self.backend or other.array.dtype is not self.array.dtype:
            self.check_compatible(other)
        return other

    def check_compatible(self, other: "TensorBase") -> None:
        """Raise for a tensor of another back end or dtype."""
        if other.backend is not self.backend:
            here, there = self.backend.name, other.backend.name
            raise DeviceError(
                f'one tensor lives on "{here}", the other on "{there}"; call .to("{here}") on it'
            )
        if other.array.dtype != self.array.dtype:
            raise DtypeError(
                f"one tensor is {self.array.dtype}, the other {other.array.dtype}; "
                "make both with one dtype (lists become float32, NumPy's float64 stays)"
            )

    def grad_buffer(self) -> np.ndarray:
        """The buffer that accumulates this tensor's gradient in the current pass."""
        if not self.requires_grad:
            return self.zeros_grad()
        if self._grad is not None:
            return self._grad
        if not self.inputs:  # a leaf, whose requires_grad was set after construction
            self._grad = self.zeros_grad()
            return self._grad
        assert context.backward_pass is not None
        return context.backward_pass.grad_buffer(self)

    def take_grad(self, shape: tuple[int, ...]) -> np.ndarray:
        """Remove and return the gradient accumulated so far, in that shape; an empty array if none.

        The caller returns it as part of its own gradient, in one pass over memory.
        """
        collected = None
        if self.inputs and context.backward_pass is not None:
            collected = context.backward_pass.pop_grad(self)
        if collected is None:
            return self.backend.empty_optional(len(shape), self.array.dtype)
        return collected.reshape(shape)

    def set_storage(self, array: np.ndarray, grad: np.ndarray) -> None:
        """Set the arrays of a new leaf: its data and its gradient."""
        self.array, self._grad = array, grad

    # For the engine.

    def vjp(self, gradient):
        array = self.array
        if gradient.shape != array.shape:
            self._raise_shape_error(gradient)
        if gradient.dtype is not array.dtype or not gradient.flags.c_contiguous:
            gradient = self._as_contiguous(gradient)
        return self.backward_fn(gradient)  # type: ignore[misc]

    def accumulate_grad(self, gradient):
        if gradient.shape != self.array.shape:
            self._raise_shape_error(gradient)
        grad = self._grad if self._grad is not None else self.grad_buffer()
        if gradient is not grad:
            self.backend.launch("accumulate_", grad.reshape(-1), gradient.reshape(-1))

    def _as_contiguous(self, gradient):
        """A gradient as kernels read it: of this dtype and C-contiguous.

        Every backward function of this package returns that; a user's own may not (`dy.T`).
        """
        if gradient.dtype == self.array.dtype and gradient.flags.c_contiguous:
            return gradient  # the same dtype, described by another object
        backends.check_host_read(f"copying a strided gradient of {self.op or 'a leaf'}")
        return np.ascontiguousarray(gradient, self.array.dtype)

    def _raise_shape_error(self, gradient):
        """Raise: kernels would read past the end of a gradient that is too small."""
        raise ShapeError(
            f"a backward function returned a gradient of shape {gradient.shape} for "
            f"{self.op or 'a leaf'} of shape {self.array.shape}"
        )

    def add_grads(self, first, second):
        if first.shape != second.shape:
            self._raise_shape_error(second)
        out = self.backend.empty(first.shape, first.dtype)
        self.backend.launch("add_forward", out.reshape(-1), first.reshape(-1), second.reshape(-1))
        return out

    def add_grad_(self, buffer, gradient):
        if buffer.shape != gradient.shape:
            self._raise_shape_error(gradient)
        self.backend.launch("accumulate_", buffer.reshape(-1), gradient.reshape(-1))
        return buffer

    def zeros_grad(self):
        return self.backend.full(self.array.shape, self.array.dtype)


_new = object.__new__
