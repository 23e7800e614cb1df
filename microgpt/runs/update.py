"""`Update`: what one step of AdamW took from the weights."""

from dataclasses import dataclass

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.optim import AdamW

# Group of weights -> what the names of its weights contain.
GROUPS = {"token table": "wte.", "attention": ".attn.", "MLP": ".mlp.", "head": "lm_head."}


@dataclass(frozen=True, eq=False)
class Update:
    """One step: the gradient norm before clipping, the weights before it, and those after it."""

    grad_norm: float
    before: dict[str, np.ndarray]
    parameters: dict[str, Tensor]
    optimizer: AdamW

    @property
    def ratios(self) -> np.ndarray:
        """The length of the update over that of the weights, for each of `GROUPS`."""
        ratios = []
        for mark in GROUPS.values():
            names = [name for name in self.before if mark in name]
            weights = [self.before[name] for name in names]
            updates = [self.parameters[name].numpy() - self.before[name] for name in names]
            ratios.append(_length(updates) / max(_length(weights), np.finfo(float).tiny))
        return np.array(ratios)

    @property
    def exact(self) -> dict[str, np.ndarray]:
        """What was taken from each weight, in float64.

        It is computed from AdamW's running means: the weights are rounded after each step, so their
        difference has far fewer digits than either.
        """
        optimizer, (beta1, beta2) = self.optimizer, self.optimizer.betas
        t, lr = optimizer.step_count, optimizer.lr
        m, v = (
            array.astype(np.float64) / (1 - beta**t)
            for array, beta in (
                (optimizer.exp_avgs[0], beta1), (optimizer.exp_avg_sqs[0], beta2),
            )
        )  # fmt: skip
        adam = lr * m / (np.sqrt(v) + optimizer.eps)
        updates = {}
        for name, weight in self.parameters.items():
            start = weight.flat.offset(weight.array)
            update = adam[start : start + weight.size].reshape(weight.shape)
            decay = optimizer.weight_decay if weight.ndim > 1 else 0.0
            updates[name] = update + lr * decay * self.before[name]
        return updates


def _length(arrays: list[np.ndarray]) -> float:
    return float(np.sqrt(sum(float(np.vdot(array, array)) for array in arrays)))
