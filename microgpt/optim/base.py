"""`Optimizer` (the base class), `SGD`, and gradient clipping by the global norm."""

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import numpy as np

from microgpt.autograd.engine import context, override_optimizer
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK, check_host_read, is_array, to_host
from microgpt.backends.shared_rules import SQUARES_CHUNK
from microgpt.config.checks import check_number
from microgpt.errors import SettingError, StateError
from microgpt.nn import Module, flat_segments


class Optimizer:
    """The base of all optimisers: parameters and gradients as flat segments, and a learning rate.

    The learning rate and the step count are kept in small arrays that kernels read, so that a
    recorded step follows their changes.
    """

    def __init__(self, parameters: Iterable[Tensor] | Module, lr: float):
        self.parameters = _check_parameters(parameters)
        self.backend = self.parameters[0].backend
        self.flat_segments = flat_segments(self.parameters)
        self._lr = self.backend.zeros_aligned(1, np.float64)
        self._rate = float("nan")  # what `_lr` holds
        self.lr = lr

    def __getstate__(self) -> dict[str, Any]:
        with LOCK:  # another thread may be training
            state = {name: _copied(value) for name, value in vars(self).items()}
        del state["flat_segments"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.flat_segments = flat_segments(self.parameters)
        self._lr = self._on_backend(self._lr)

    def _on_backend(self, numbers: np.ndarray) -> Any:
        """Return a copy of flat numbers as an array of the back end."""
        array = self.backend.zeros_aligned(numbers.size, numbers.dtype)
        array[:] = numbers
        return array

    def __deepcopy__(self, memo: dict) -> "Optimizer":
        raise StateError("an optimiser is tied to its parameters; make a new one for the copy")

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        return self._rate

    @lr.setter
    def lr(self, rate: float) -> None:
        check_host_read("setting lr")
        check_number("lr", rate, minimum=0, below=float("inf"))
        if rate != self._rate:
            self._lr[0] = self._rate = float(rate)

    def state_arrays(self) -> dict[str, np.ndarray]:
        """Return the optimiser's state by name; not copies, so filling the arrays restores it."""
        return {}

    def zero_grad(self) -> None:
        """Set every gradient to zero."""
        for _, grad in self.flat_segments:
            self.backend.launch("fill_", grad, 0.0)

    def step(self) -> None:
        """Update the parameters once from their gradients."""
        override = context.optimizer_override
        if override is None:
            self._launch_step()
            return
        with override_optimizer(None):
            override.step(self)

    def _launch_step(self) -> None:
        """Launch the kernels of one step."""
        raise NotImplementedError


def _copied(value: Any) -> Any:
    """Return a copy of an array or of a list of arrays; anything else as it is."""
    if isinstance(value, list):
        return list(map(_copied, value))
    return to_host(value) if is_array(value) else value


def _check_parameters(parameters: Iterable[Tensor] | Module) -> list[Tensor]:
    """Return the parameters, or those of a model, as a list of leaf tensors."""
    if isinstance(parameters, Tensor):
        raise SettingError("parameters", "a list, even of one: [parameter]", type(parameters))
    leaves = parameters.parameters() if isinstance(parameters, Module) else list(parameters)
    if not leaves:
        raise SettingError("parameters", "at least one tensor", leaves)
    for leaf in leaves:
        if not isinstance(leaf, Tensor) or not leaf.requires_grad or leaf.inputs:
            raise SettingError(
                "parameters",
                "tensors made with requires_grad=True, not computed from others",
                type(leaf),
            )
    return leaves


class SGD(Optimizer):
    """Gradient descent without momentum: data −= lr · grad."""

    def _launch_step(self) -> None:
        for data, grad in self.flat_segments:
            self.backend.launch("sgd_step_", data, grad, self._lr)


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Module, max_norm: float = float("inf")
) -> Tensor:
    """Scale all gradients to a global norm of at most `max_norm`; return the norm before, ().

    Pascanu, Mikolov & Bengio 2013
    """
    leaves = _check_parameters(parameters)
    check_number("max_norm", max_norm, above=0)
    override = context.optimizer_override
    if override is not None:
        with override_optimizer(None):
            return override.clip(leaves, max_norm)
    backend, pairs = leaves[0].backend, flat_segments(leaves)
    chunks = [-(-grad.size // SQUARES_CHUNK) for _, grad in pairs]
    sums, norm = backend.empty(sum(chunks), np.float64), backend.empty(1, np.float64)
    for (_, grad), count, end in zip(pairs, chunks, accumulate(chunks), strict=True):
        backend.launch("sum_of_squares_", sums[end - count : end], grad)
    backend.launch("root_of_sum_", norm, sums)
    if max_norm < float("inf"):
        for _, grad in pairs:
            backend.launch("clip_by_norm_", grad, norm, float(max_norm))
    return leaves[0].from_array(norm.reshape(()))
