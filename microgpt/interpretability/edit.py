"""`Edit`: a function that replaces one named activation, and the checks of what it returns."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.autograd.engine import context, hook_activations, override_runs
from microgpt.autograd.tensor import Tensor
from microgpt.backends.memory import as_host
from microgpt.errors import Described, DtypeError, SettingError, ShapeError
from microgpt.ops import where


class Edit:
    """Replaces the activation `name` by what `function` makes of it; see `Trace.edit`."""

    def __init__(self, name: str, function: Callable[[np.ndarray], Any], description: str):
        self.name, self.function, self.description = name, function, description

    def __repr__(self) -> str:
        return f"<{self.description} of {self.name}>"

    def __call__(self, array: np.ndarray) -> np.ndarray:
        """Return the new value of an activation, checked; `array` itself may change."""
        with override_runs(None), hook_activations(None):  # it may run the model itself
            try:
                result = self.function(array)
            except Exception as error:
                error.add_note(f"in the {self.description} of {self.name}, shape {array.shape}")
                raise
        if result is None:  # changed in place
            result = array
        return self._check(result, array)

    def _check(self, result: Any, before: np.ndarray) -> np.ndarray:
        if isinstance(result, Tensor):
            result = as_host(result.array)
        try:
            result = np.asarray(result)
        except ValueError:
            result = np.asarray(None)  # rows of several lengths: no numbers
        subject = f"the {self.description} of {self.name} must give"
        if result.dtype.kind not in "fiub":
            raise DtypeError(f"{subject} real numbers; got {result.dtype}")
        if result.shape != before.shape:
            raise ShapeError(
                f"{subject} an array of the same shape, {before.shape}; got {result.shape}",
                "to fill it with one number, write np.full_like(x, number)",
            )
        with np.errstate(over="ignore"):
            result = np.array(result, before.dtype, order="C")  # a copy: others may keep `result`
        if not np.isfinite(result).all():
            raise SettingError(
                f"what the {self.description} of {self.name} gives",
                f"finite {before.dtype} numbers",
                Described(f"{np.sum(~np.isfinite(result))} that are not"),
                "to hide a score, set it to -1e30",
            )
        return result


def replace_value(node: Tensor, value: np.ndarray) -> Tensor:
    """Return a tensor with `value`, of as many elements; those that changed are constants.

    The gradient flows through all others.
    """
    value = value.reshape(node.shape).copy()
    unchanged = value == as_host(node.array)
    if unchanged.all():
        return node
    constant = node.from_array(node.backend.from_host(value))
    if context.grad_enabled and node.requires_grad:
        return where(unchanged, node, constant)
    return constant
