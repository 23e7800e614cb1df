"""`TensorPickling`: how a tensor is copied and pickled."""

from typing import Any

import numpy as np

from microgpt.backends import LOCK, Backend, check_host_read
from microgpt.backends.memory import as_host
from microgpt.errors import StateError


class TensorPickling:
    """The copy protocols of tensors: a leaf is data, a gradient and a flag; a history is neither.

    Parameters that are views of a shared flat array (`flat`) share one again after pickling, so
    that optimisers find it.
    """

    __slots__ = ()

    def __copy__(self: Any) -> Any:
        """Return a tensor with the same arrays and history."""
        out = self.from_array(self.array)
        out.inputs, out.backward_fn, out.op = self.inputs, self.backward_fn, self.op
        out.requires_grad = self.requires_grad
        out.set_storage(self.array, self._grad, getattr(self, "flat", None))
        return out

    def __deepcopy__(self: Any, memo: dict) -> Any:
        """Return a leaf with arrays of its own."""
        _check_leaf(self, "deep-copied")
        out = self.from_array(self.array)
        out.requires_grad = self.requires_grad
        out.set_storage(*_copied_arrays(self))
        return out

    def __reduce__(self: Any) -> tuple:
        _check_leaf(self, "pickled")
        flat = getattr(self, "flat", None)
        leaf = type(self), self.backend, self.requires_grad
        if flat is None:
            arrays = (None if one is None else as_host(one) for one in _copied_arrays(self))
            return _restore_leaf, (*leaf, *arrays)
        return _restore_view, (*leaf, flat, flat.offset(self.array), self.shape)


def _check_leaf(tensor: Any, what: str) -> None:
    """Raise StateError for a tensor with history, which is made of functions."""
    check_host_read(f"a tensor that is {what}")
    if tensor.inputs:
        raise StateError(
            f"the result of {tensor.op or 'an operation'} has a history of functions, so it cannot "
            f"be {what}; take `.detach()` of it, or the tensors that it was computed from"
        )


def _copied_arrays(tensor: Any) -> tuple[np.ndarray, np.ndarray | None]:
    with LOCK:  # another thread may be training
        return tensor.array.copy(), None if tensor._grad is None else tensor._grad.copy()


def _restore_leaf(
    cls: type, backend: Backend, requires_grad: bool, array: np.ndarray, grad: Any, flat: Any = None
) -> Any:
    out: Any = object.__new__(cls)
    out.backend, out.requires_grad = backend, requires_grad
    out.inputs, out.backward_fn, out.op = (), None, ""
    if flat is None:
        array = backend.from_host(array)
        grad = None if grad is None else backend.from_host(grad)
    out.set_storage(array, grad, flat)
    return out


def _restore_view(
    cls: type, backend: Backend, requires_grad: bool, flat: Any, offset: int, shape: tuple
) -> Any:
    data, grad = flat.views(offset, shape)
    return _restore_leaf(cls, backend, requires_grad, data, grad, flat)
