"""`Module`: something with weights, found by walking its attributes."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from microgpt.autograd.engine import context, offer_activation
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK
from microgpt.errors import SettingError, ShapeError


class Module:
    """Weights are attributes that are tensors, parts those that are modules; or lists of these."""

    path = ""
    training = True

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module and all its parts, each with its dotted name."""
        yield prefix, self
        for label, part in _children(vars(self)):
            if isinstance(part, Module):
                yield from part.named_modules(f"{prefix}.{label}" if prefix else label)

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Every weight once, with its dotted name, in the order of construction."""
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for label, part in _children(vars(module)):
                if isinstance(part, Tensor) and id(part) not in seen:
                    seen.add(id(part))
                    yield (f"{prefix}.{label}" if prefix else label), part

    def parameters(self) -> list[Tensor]:
        """Every weight that requires a gradient, once: what an optimiser changes."""
        return [weight for _, weight in self.named_parameters() if weight.requires_grad]

    def parameter_count(self) -> int:
        """How many numbers the weights are."""
        return sum(weight.size for _, weight in self.named_parameters())

    def train(self, mode: bool = True) -> Self:
        """Training mode for this module and all its parts, or with False the mode of use; itself.

        Only `Dropout` asks for it. A captured function stays in the mode it was recorded in.
        """
        if not isinstance(mode, bool):
            raise SettingError("mode", "True or False", mode)
        for _, module in self.named_modules():
            if module.training is not mode:
                module.training = mode
        return self

    def eval(self) -> Self:
        """The mode of use: nothing is dropped; the same as `train(False)`."""
        return self.train(False)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all weights, by name; between two launches of a training in another thread."""
        with LOCK:
            return {name: weight.numpy() for name, weight in self.named_parameters()}

    def load_state_dict(self, weights: dict[str, Any]) -> None:
        """Copy weights in; every name must be there with its shape, and no other."""
        own = dict(self.named_parameters())
        problems = [f"{name} is missing" for name in own if name not in weights]
        problems += [f"{name} is not a weight of this model" for name in weights if name not in own]
        for name, parameter in own.items():
            if name in weights and np.shape(weights[name]) != parameter.shape:
                problems.append(
                    f"{name} must have shape {parameter.shape}; got {np.shape(weights[name])}"
                )
        if problems:
            raise ShapeError("these weights do not fit: " + "; ".join(problems))
        with LOCK:
            for name, parameter in own.items():
                parameter.data = weights[name]

    def offer_activation(self, label: str, node: Tensor) -> Tensor:
        """Offer an intermediate to the engine's hook, under this module's path."""
        if context.activation_hook is None:
            return node
        return offer_activation(f"{self.path}.{label}" if self.path else label, node)


def _children(thing: Any) -> Iterator[tuple[str, Any]]:
    """What a dictionary, list or tuple holds, at any depth, with dotted names."""
    pairs = thing.items() if isinstance(thing, dict) else enumerate(thing)
    for label, part in pairs:
        if isinstance(part, dict | list | tuple):
            for inner, deeper in _children(part):
                yield f"{label}.{inner}", deeper
        else:
            yield str(label), part
