"""What all optimisers share, the simplest of them, and the clipping of gradients."""

from collections.abc import Iterable

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.backends import check_host_read
from microgpt.config.checks import number
from microgpt.errors import SettingError
from microgpt.nn import Module, segments


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
        check_host_read("setting lr")
        number("lr", rate)
        if not 0 <= rate < float("inf"):
            raise SettingError(f"lr must be 0 or above, and finite; got {rate}")
        self._lr[0] = rate

    def arrays(self) -> dict[str, np.ndarray]:
        """What it remembers from step to step, by name: no copies, so filling them restores it."""
        return {}

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


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Module, max_norm: float = float("inf")
) -> Tensor:
    """Scale all gradients so that their common norm is at most `max_norm`; the norm before, ().

    Pascanu, Mikolov & Bengio 2013
    """
    leaves = _leaves(parameters)
    number("max_norm", max_norm)
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
