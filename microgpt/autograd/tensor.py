"""`Tensor`: an array in the autograd graph, with operations as methods and operators.

>>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> y = (x * x).sum()
>>> y.backward()
>>> y.item(), x.grad.tolist()
(14.0, [2.0, 4.0, 6.0])
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt import backends, ops
from microgpt.autograd.engine import backward
from microgpt.autograd.foreign_names import ForeignNames, Size
from microgpt.autograd.numpy_protocol import NumpyProtocol
from microgpt.autograd.tensor_operators import TensorOperators
from microgpt.backends import check_host_read, is_array, to_host
from microgpt.errors import DtypeError, ShapeError, StateError
from microgpt.ops import tensor_methods as op
from microgpt.ops.keyword_names import raise_unknown_keyword

FLOATS = (np.dtype("float32"), np.dtype("float64"))


class Tensor(TensorOperators, NumpyProtocol, ForeignNames):
    """A float array on one back end, with the graph that computed it.

    `requires_grad=True` makes a leaf, whose `grad` starts as zeros and accumulates gradients. The
    dtype is float32, unless `dtype` or a float64 array or tensor as `data` makes it float64. The
    data is copied. Operators give new tensors, comparisons give boolean arrays; under `no_grad`,
    `p -= …` changes a leaf in place. Indices and masks are NumPy arrays.
    """

    __slots__ = ()

    def __init__(
        self, data: Any, requires_grad: bool = False, dtype: Any = None, backend: str | None = None
    ):
        check_host_read("Tensor(data)")
        try:
            source: Any = data.array if isinstance(data, Tensor) else data
            source = source if is_array(source) else np.asarray(source)
            dtype = None if dtype is None else np.dtype(dtype)
        except ValueError:
            raise ShapeError("the rows of a tensor must all have one length") from None
        except TypeError:
            raise DtypeError(f"a tensor holds float32 or float64; got dtype {dtype!r}") from None
        if dtype is None:
            typed = is_array(data) or isinstance(data, Tensor | np.generic)
            native = source.dtype.newbyteorder("=")
            dtype = native if typed and native in FLOATS else FLOATS[0]
        if np.dtype(dtype) not in FLOATS or source.dtype.kind not in "fiub":
            raise DtypeError(f"a tensor holds float32 or float64; got {source.dtype} as {dtype}")
        self.backend = backends.current() if backend is None else backends.get(backend)
        self.array = self.backend.empty(source.shape, np.dtype(dtype))
        self.array[...] = self.backend.readable(source)
        self.inputs: tuple[Tensor, ...] = ()
        self.backward_fn: Callable | None = None
        self.op = ""
        self.requires_grad = requires_grad
        self._grad: np.ndarray | None = None
        if requires_grad:
            self.set_storage(self.array, self.backend.full(self.shape, self.dtype))

    # Arithmetic.
    __add__ = __radd__ = op.add
    __sub__, __rsub__ = op.subtract, op.rsubtract
    __mul__ = __rmul__ = op.multiply
    __truediv__, __rtruediv__ = op.divide, op.rdivide
    __neg__, __pow__, __rpow__ = (
        op.negative,
        op.power,
        op.rpower,
    )
    __matmul__, __rmatmul__ = op.matmul, op.rmatmul
    # Elementwise functions.
    exp, log, tanh, sigmoid, relu = (
        op.exp,
        op.log,
        op.tanh,
        op.sigmoid,
        op.relu,
    )
    abs = __abs__ = op.abs
    clip = op.clip
    # Reductions and softmax, along an axis.
    sum, mean, max, min, argmax = (
        op.sum,
        op.mean,
        op.max,
        op.min,
        op.argmax,
    )
    var, std = op.var, op.std
    softmax, log_softmax = op.softmax, op.log_softmax
    # Shapes.
    reshape, transpose, broadcast_to = (
        op.reshape,
        op.transpose,
        op.broadcast_to,
    )
    __getitem__ = op.index

    def __pos__(self):
        return self

    def __setitem__(self, key, value):
        raise TypeError(
            "a tensor is not changed in place, its history would be lost; to set a parameter, "
            "write `p.data[...] = …`; for a new tensor, `mg.ops.where(mask, number, t)`"
        )

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor of shape () has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        numbers = np.array2string(to_host(self.array), precision=4, threshold=20, separator=", ")
        where = "" if self.backend.name == backends.current().name else f", on {self.backend.name}"
        return f"Tensor({numbers}, shape={self.shape}, {self.dtype}{where})"

    # Contents and properties.

    @property
    def T(self) -> "Tensor":  # noqa: N802 (the name everywhere else)
        """The tensor with its axes reversed; of a matrix, the transposed one."""
        return ops.transpose(self)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def size(self) -> int:
        return Size(self.array.size)

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    @property
    def data(self) -> np.ndarray:
        """The array itself, not a copy; assigning copies new values into it."""
        check_host_read(".data")
        return self.array

    @data.setter
    def data(self, numbers: Any) -> None:
        check_host_read(".data")
        numbers = numbers.array if isinstance(numbers, Tensor) else numbers
        numbers = numbers if is_array(numbers) else np.asarray(numbers)
        if numbers.shape != self.shape:
            raise ShapeError(f"data must have shape {self.shape}; got {numbers.shape}")
        self.array[...] = self.backend.readable(numbers)

    @property
    def grad(self) -> np.ndarray | None:
        """The accumulated gradient of a leaf that requires one, else None."""
        check_host_read(".grad")
        return self._grad

    @grad.setter
    def grad(self, gradient: Any) -> None:
        """Copy a gradient in; None sets it to zero, since the buffer itself stays."""
        if gradient is None:
            self.zero_grad()
            return
        check_host_read(".grad")
        if self.inputs or not self.requires_grad:
            raise StateError(
                "only a leaf made with requires_grad=True accumulates a gradient",
                "call backward(gradient) to send one back through a graph",
            )
        gradient = gradient if is_array(gradient) else np.asarray(gradient)
        if gradient.shape != self.shape:
            raise ShapeError(f"the gradient must have shape {self.shape}; got {gradient.shape}")
        self.grad_buffer()[...] = self.backend.readable(gradient)

    def zero_grad(self) -> None:
        """Set the accumulated gradient to zero."""
        if self._grad is not None:
            self.backend.launch("fill_", self._grad.reshape(-1), 0.0)

    def item(self) -> float:
        """Return the one element of a tensor of size 1, as a float."""
        check_host_read(".item()")
        if self.size != 1:
            raise ShapeError(
                f"item(), float(), bool() and math need one number; got shape {self.shape}",
                "t.numpy() has all; functions of each element are t.exp(), t.log() …",
            )
        return float(self.array.item())

    def __float__(self) -> float:
        return self.item()

    def __int__(self) -> int:
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __bool__(self) -> bool:
        return bool(self.item())

    def to(self, backend: str) -> "Tensor":
        """Return a copy on another back end, without history."""
        return Tensor(self, self.requires_grad and not self.inputs, backend=backend)

    def detach(self) -> "Tensor":
        """Return a tensor of the same array without history; no gradient flows back through it."""
        return self.from_array(self.array)

    def backward(self, gradient: Any = None, **unknown: Any) -> None:
        """Add the gradient of this tensor to the `grad` of every leaf it was computed from.

        `gradient` is an array of this tensor's shape; a tensor of one element does not need it.
        Backward reads the arrays of the forward pass: do not change `.data` in between.
        """
        if unknown:
            raise_unknown_keyword("backward", unknown)
        if not self.requires_grad:
            raise StateError(
                "backward() needs a tensor that was computed from one with requires_grad=True"
            )
        if gradient is None:
            if self.size != 1:
                raise ShapeError(
                    f"backward() starts at a single number; this has shape {self.shape}"
                )
            start = self.backend.full(self.shape, self.dtype, 1.0)
        else:
            start = self.as_tensor_like(gradient).array
            if start.shape != self.shape:
                raise ShapeError(f"the gradient must have shape {self.shape}; got {start.shape}")
        backward(self, start)
