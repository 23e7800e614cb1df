"""Adam and AdamW: one fused kernel launch per segment and step."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.backends.memory import data_ptr
from microgpt.config.checks import check_number
from microgpt.errors import SettingError
from microgpt.nn import Module
from microgpt.optim.base import Optimizer


class Adam(Optimizer):
    """Adam: steps of about lr in each coordinate, whatever the size of the gradient.

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
        self._betas, self._eps = _check_betas(betas), _check_non_negative("eps", eps)
        zeros = self.backend.zeros_aligned
        self.exp_avgs = [zeros(data.size, data.dtype) for data, _ in self.flat_segments]  # m
        self.exp_avg_sqs = [zeros(data.size, data.dtype) for data, _ in self.flat_segments]  # v
        self._step = zeros(1, np.float64)
        self._kernel: str = "adam_step_"
        self._decay_args: list[tuple] = [()] * len(self.flat_segments)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.exp_avgs = list(map(self._on_backend, self.exp_avgs))
        self.exp_avg_sqs = list(map(self._on_backend, self.exp_avg_sqs))
        self._step = self._on_backend(self._step)

    @property
    def betas(self) -> tuple[float, float]:
        """β₁ and β₂; read-only, since a recorded step would not follow a change."""
        return self._betas

    @property
    def eps(self) -> float:
        """The constant added to the denominator; read-only."""
        return self._eps

    @property
    def step_count(self) -> int:
        """The number of steps made."""
        return int(self._step.item())

    def state_arrays(self) -> dict[str, np.ndarray]:
        arrays = {"step": self._step}
        for index, (m, v) in enumerate(zip(self.exp_avgs, self.exp_avg_sqs, strict=True)):
            arrays |= {f"m.{index}": m, f"v.{index}": v}
        return arrays

    def moments(self) -> Iterator[tuple[Tensor, np.ndarray, np.ndarray]]:
        """Iterate over the parameters, each with its m and v; views, in the parameter's shape."""
        segments = list(zip(self.flat_segments, self.exp_avgs, self.exp_avg_sqs, strict=True))
        if len(segments) == 1:
            segments *= len(self.parameters)
        for parameter, ((data, _), m, v) in zip(self.parameters, segments, strict=True):
            start = (data_ptr(parameter.array) - data_ptr(data)) // data.itemsize
            part = slice(start, start + parameter.size)
            yield parameter, m[part].reshape(parameter.shape), v[part].reshape(parameter.shape)

    def _launch_step(self) -> None:
        self.backend.launch("increment_step_", self._step)
        for (data, grad), m, v, decay_args in zip(
            self.flat_segments, self.exp_avgs, self.exp_avg_sqs, self._decay_args, strict=True
        ):
            self.backend.launch(
                self._kernel, data, grad, m, v, self._lr, self._step, *self._betas, self._eps,
                *decay_args,
            )  # fmt: skip


class AdamW(Adam):
    """Adam with decoupled weight decay: each step also does data −= lr · weight_decay · data.

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
        self._weight_decay = _check_non_negative("weight_decay", weight_decay)
        # A model's flat array holds its matrices first; otherwise each parameter is a segment.
        sizes = [p.size if p.ndim > 1 else 0 for p in self.parameters]
        self.decayed_sizes = [sum(sizes)] if len(self.flat_segments) == 1 else sizes
        self._kernel = "adamw_step_"
        self._decay_args = [(self._weight_decay, size) for size in self.decayed_sizes]

    @property
    def weight_decay(self) -> float:
        """The weight decay of matrices, a factor of lr; read-only."""
        return self._weight_decay


def _check_betas(betas: tuple[float, float]) -> tuple[float, float]:
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise SettingError("betas", "two numbers, (β₁, β₂)", betas)
    beta1, beta2 = (check_number("betas", beta, minimum=0, below=1) for beta in betas)
    return beta1, beta2


def _check_non_negative(name: str, value: float) -> float:
    return check_number(name, value, minimum=0, below=float("inf"))
