"""`TensorBase`: the base of `Tensor`, with the methods that operations and the engine call."""

from collections.abc import Callable
from math import prod
from typing import Any, Self

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import Node, context
from microgpt.autograd.tensor_pickling import TensorPickling
from microgpt.backends import Backend, is_array
from microgpt.errors import DeviceError, DtypeError, ShapeError


class TensorBase(TensorPickling, Node):
    """An array on one back end, with the inputs and the backward function of its operation."""

    __slots__ = (
        "__weakref__",
        "_grad",
        "array",
        "backend",
        "backward_fn",
        "flat",
        "inputs",
        "op",
        "requires_grad",
    )
    array: np.ndarray
    backend: Backend
    backward_fn: Callable | None
    op: str
    _grad: np.ndarray | None
    flat: Any  # where a parameter's data and gradient are views of arrays that others share

    # Methods that operations call.

    def from_op(self, array: np.ndarray, inputs: tuple, backward_fn: Callable, op: str) -> Self:
        """Return the result of `op`, with `inputs` and `backward_fn` if it needs a gradient."""
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
        """Wrap an array of the same back end as a tensor without history; nothing is copied."""
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
        """Return the array as (N, C): all axes but the last are flattened into one."""
        array = self.array
        if array.ndim == 2:
            return array
        if array.size:
            return array.reshape(-1, array.shape[-1])
        *outer, C = array.shape
        return array.reshape(prod(outer), C)

    def as_tensor_like(self, other: Any) -> Self:
        """Return `other` as a tensor; raise if it is one of another back end or dtype."""
        if not isinstance(other, type(self)):
            if not is_array(other) and not isinstance(
                other, np.generic | list | tuple | int | float
            ):
                raise TypeError(
                    f"a Tensor works with Tensors, arrays and numbers, not {type(other).__name__}"
                )
            if (
                backends.current_tracer() is not None
                and is_array(other)
                and other.dtype == self.array.dtype
                and other.flags.c_contiguous
            ):
                return self.from_array(
                    self.backend.from_host(other)
                )  # replays fill this very array, so it is not copied
            return type(self)(other, dtype=self.array.dtype, backend=self.backend.name)  # type: ignore
        if other.backend is not self.backend or other.array.dtype is not self.array.dtype:
            self.check_compatible(other)
        return other

    def check_compatible(self, other: "TensorBase") -> None:
        """Raise DeviceError or DtypeError if `other` has another back end or dtype."""
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
        """Return the buffer that accumulates this tensor's gradient; kernels add into it."""
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

        The caller's kernel adds it to the gradient that it computes, which saves a pass over
        memory.
        """
        collected = None
        if self.inputs and context.backward_pass is not None:
            collected = context.backward_pass.pop_grad(self)
        if collected is None:
            return self.backend.empty_optional(len(shape), self.array.dtype)
        return collected.reshape(shape)

    def set_storage(self, array: np.ndarray, grad: np.ndarray | None, flat: Any = None) -> None:
        """Set the arrays of a new leaf, its data and its gradient, and what they are views of.

        `flat.views(flat.offset(array), shape)` must give them again after `flat` was pickled.
        """
        self.array, self._grad, self.flat = array, grad, flat

    # Methods that the engine calls.

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
        """Return a gradient in the form that kernels read: this dtype, C-contiguous.

        Every backward function of this package returns that form; a user's own may not (`dy.T`).
        """
        if gradient.dtype == self.array.dtype and gradient.flags.c_contiguous:
            return gradient  # an equal dtype, but another object
        backends.check_host_read(f"copying a strided gradient of {self.op or 'a leaf'}")
        return np.ascontiguousarray(gradient, self.array.dtype)

    def _raise_shape_error(self, gradient):
        """Raise ShapeError: kernels would read past the end of a gradient that is too small."""
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
