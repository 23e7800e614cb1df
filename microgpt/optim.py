"""Optimisers: what turns gradients into smaller losses, one launch a step."""

from collections.abc import Callable, Iterable

import numpy as np

from microgpt.backends import reading
from microgpt.errors import SettingError
from microgpt.nn import Module, segments
from microgpt.tensor import Tensor


class Optimizer:
    """What all optimisers share: the parameters as flat arrays, and a learning rate.

    The rate and the step count live in small arrays that kernels read, so that a recorded step
    follows them.
    """

    def __init__(self, parameters: Iterable[Tensor] | Module, lr: float):
        self.parameters = _leaves(parameters)
        self.kernels = self.parameters[0].kernels
        self.segments = segments(self.parameters)
        self._lr = np.empty(1, np.float64)
        self.lr = lr

    def __deepcopy__(self, memo: dict) -> "Optimizer":
        raise SettingError("an optimiser is tied to its parameters; make a new one for the copy")

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        return float(self._lr[0])

    @lr.setter
    def lr(self, rate: float) -> None:
        reading("setting lr")
        if not rate >= 0:
            raise SettingError(f"lr must be 0 or above; got {rate}")
        self._lr[0] = rate

    def zero_grad(self) -> None:
        """Set every gradient to zero."""
        for _, grad in self.segments:
            self.kernels.launch("fill_", grad, 0.0)

    def step(self) -> None:
        """Change the parameters once, by their gradients."""
        raise NotImplementedError


def _leaves(parameters: Iterable[Tensor] | Module) -> list[Tensor]:
    """The parameters as a list of leaves; a whole model stands for its own."""
    if isinstance(parameters, Tensor):
        raise SettingError("parameters come as a list, even one: [parameter]")
    leaves = parameters.parameters() if isinstance(parameters, Module) else list(parameters)
    if not leaves:
        raise SettingError("at least one parameter is needed; got none")
    for leaf in leaves:
        if not isinstance(leaf, Tensor) or not leaf.requires_grad or leaf.inputs:
            raise SettingError(
                "a parameter is a tensor made with requires_grad=True, not computed from others"
            )
    return leaves


class SGD(Optimizer):
    """data −= lr · grad."""

    def step(self) -> None:
        for data, grad in self.segments:
            self.kernels.launch("sgd_step_", data, grad, self._lr)


class Adam(Optimizer):
    """Steps of about lr in each direction, whatever the gradient's size.

        m = β₁ m + (1 − β₁) g;  v = β₂ v + (1 − β₂) g²
        data −= lr · m̂ / (√v̂ + eps), with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ)

    Kingma & Ba 2015
    """

    def __init__(
        self,
        parameters: Iterable[Tensor] | Module,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        super().__init__(parameters, lr)
        if not all(0 <= beta < 1 for beta in betas):
            raise SettingError(f"betas must be in [0, 1); got {betas}")
        self.betas, self.eps = betas, eps
        new = self.kernels.store
        self.moments = [
            (new(data.size, data.dtype), new(data.size, data.dtype)) for data, _ in self.segments
        ]
        self._step = new(1, np.float64)

    @property
    def steps(self) -> int:
        """How many steps have been made."""
        return int(self._step[0])

    def step(self) -> None:
        self.kernels.launch("count_step_", self._step)
        for (data, grad), (m, v) in zip(self.segments, self.moments, strict=True):
            self.kernels.launch(
                "adam_step_", data, grad, m, v, self._lr, self._step, *self.betas, self.eps
            )


class AdamW(Adam):
    """Adam, and every step also shrinks the matrices: data −= lr · weight_decay · data.

    Tensors of two or more axes (weights, embeddings) decay; vectors (biases, norms) do not, as in
    GPT-2's training.                                                   Loshchilov & Hutter 2019
    """

    def __init__(
        self,
        parameters: Iterable[Tensor] | Module,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        super().__init__(parameters, lr, betas, eps)
        if not 0 <= weight_decay < float("inf"):
            raise SettingError(f"weight_decay must be 0 or above; got {weight_decay}")
        self.weight_decay = float(weight_decay)
        # A model's store holds its matrices first; else every parameter is a segment of its own.
        decayed = [p.size if p.ndim > 1 else 0 for p in self.parameters]
        self.decayed = [sum(decayed)] if len(self.segments) == 1 else decayed

    def step(self) -> None:
        self.kernels.launch("count_step_", self._step)
        for (data, grad), (m, v), decayed in zip(
            self.segments, self.moments, self.decayed, strict=True
        ):
            self.kernels.launch(
                "adamw_step_", data, grad, m, v, self._lr, self._step, *self.betas, self.eps,
                self.weight_decay, decayed,
            )  # fmt: skip


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Module, max_norm: float = float("inf")
) -> Tensor:
    """Scale all gradients so that their common norm is at most `max_norm`; the norm before, ().

    Pascanu, Mikolov & Bengio 2013
    """
    leaves = _leaves(parameters)
    if not max_norm > 0:
        raise SettingError(f"max_norm must be above 0; got {max_norm}")
    first = leaves[0]
    kernels, pairs = first.kernels, segments(leaves)
    total, norm = kernels.full(1, np.float64), kernels.empty(1, np.float64)
    for _, grad in pairs:
        kernels.launch("square_sum_", total, grad)
    kernels.launch("root_", norm, total)
    if max_norm < float("inf"):
        for _, grad in pairs:
            kernels.launch("clip_", grad, norm, float(max_norm))
    return first.detached(norm.reshape(()))


def linear_schedule(lr: float, steps: int) -> Callable[[int], float]:
    """A learning rate that falls from `lr` in a straight line and would reach 0 after `steps`."""
    return lambda step: lr * (1 - step / steps) if step < steps else 0.0
