"""`Module`: something with weights, found by walking its attributes."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from microgpt.engine import named, state
from microgpt.errors import ShapeError
from microgpt.tensor import Tensor


class Module:
    """Weights are attributes that are tensors; parts are attributes that are modules, or lists."""

    path = ""

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module and all its parts, each with its dotted name."""
        yield prefix, self
        for name, part in vars(self).items():
            for label, child in _children(name, part):
                yield from child.named_modules(f"{prefix}.{label}" if prefix else label)

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Every weight once, with its dotted name, in the order of construction."""
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, thing in vars(module).items():
                if isinstance(thing, Tensor) and thing.requires_grad and id(thing) not in seen:
                    seen.add(id(thing))
                    yield (f"{prefix}.{name}" if prefix else name), thing

    def parameters(self) -> list[Tensor]:
        """Every weight once."""
        return [parameter for _, parameter in self.named_parameters()]

    def parameter_count(self) -> int:
        """How many numbers the weights are."""
        return sum(parameter.size for parameter in self.parameters())

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all weights, by name."""
        return {name: parameter.numpy() for name, parameter in self.named_parameters()}

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
        for name, parameter in own.items():
            parameter.data = weights[name]

    def named(self, label: str, node: Tensor) -> Tensor:
        """Offer an intermediate to the engine's hook, under this module's path."""
        if state.name_hook is None:
            return node
        return named(f"{self.path}.{label}" if self.path else label, node)


def _children(name: str, part: Any) -> Iterator[tuple[str, Module]]:
    if isinstance(part, Module):
        yield name, part
    elif isinstance(part, list):
        for place, item in enumerate(part):
            if isinstance(item, Module):
                yield f"{name}.{place}", item
