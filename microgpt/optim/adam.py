"""Adam and AdamW, one launch a step."""

from collections.abc import Iterable

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.config.checks import number
from microgpt.errors import SettingError
from microgpt.nn import Module
from microgpt.optim.base import Optimizer


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
        self._betas, self._eps = _pair(betas), _above_zero("eps", eps)
        new = self.kernels.zeros_aligned
        self.moments = [
            (new(data.size, data.dtype), new(data.size, data.dtype)) for data, _ in self.segments
        ]
        self._step = new(1, np.float64)
        self._kernel: str = "adam_step_"
        self._decay: list[tuple] = [()] * len(self.segments)  # what the kernel takes besides

    @property
    def betas(self) -> tuple[float, float]:
        """β₁ and β₂; fixed, since a recorded step could not follow a change."""
        return self._betas

    @property
    def eps(self) -> float:
        """What is added below the fraction; fixed."""
        return self._eps

    @property
    def steps(self) -> int:
        """How many steps have been made."""
        return int(self._step[0])

    def arrays(self) -> dict[str, np.ndarray]:
        named = {"step": self._step}
        for place, (m, v) in enumerate(self.moments):
            named |= {f"m.{place}": m, f"v.{place}": v}
        return named

    def step(self) -> None:
        self.kernels.launch("count_step_", self._step)
        for (data, grad), (m, v), decay in zip(
            self.segments, self.moments, self._decay, strict=True
        ):
            self.kernels.launch(
                self._kernel, data, grad, m, v, self._lr, self._step, *self._betas, self._eps,
                *decay,
            )  # fmt: skip


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
        self._weight_decay = _above_zero("weight_decay", weight_decay)
        # A model's store holds its matrices first; else every parameter is a segment of its own.
        decayed = [p.size if p.ndim > 1 else 0 for p in self.parameters]
        self.decayed = [sum(decayed)] if len(self.segments) == 1 else decayed
        self._kernel = "adamw_step_"
        self._decay = [(self._weight_decay, count) for count in self.decayed]

    @property
    def weight_decay(self) -> float:
        """How strongly matrices shrink; fixed."""
        return self._weight_decay


def _pair(betas: tuple[float, float]) -> tuple[float, float]:
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise SettingError(f"betas must be two numbers, (β₁, β₂); got {betas!r}")
    for beta in betas:
        number("betas", beta)
    if not all(0 <= beta < 1 for beta in betas):
        raise SettingError(f"betas must be in [0, 1); got {betas}")
    return float(betas[0]), float(betas[1])


def _above_zero(name: str, value: float) -> float:
    number(name, value)
    if not 0 <= value < float("inf"):
        raise SettingError(f"{name} must be 0 or above, and finite; got {value}")
    return float(value)
