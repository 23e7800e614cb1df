"""`Module`: the base class of layers and models, which finds parameters among its attributes."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from microgpt.autograd.engine import context, offer_activation
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK
from microgpt.errors import SettingError, ShapeError


class Module:
    """The base class of layers: Tensor attributes are its parameters, Module attributes its parts.

    An attribute may also be a list, tuple or dictionary of these, at any depth.
    """

    path = ""
    training = True

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """Yield this module and all its parts, each with its dotted name."""
        yield prefix, self
        for label, part in _children(vars(self)):
            if isinstance(part, Module):
                yield from part.named_modules(f"{prefix}.{label}" if prefix else label)

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Yield every parameter once, with its dotted name, in order of construction."""
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for label, part in _children(vars(module)):
                if isinstance(part, Tensor) and id(part) not in seen:
                    seen.add(id(part))
                    yield (f"{prefix}.{label}" if prefix else label), part

    def parameters(self) -> list[Tensor]:
        """Return every parameter that requires a gradient, once: those an optimiser updates."""
        return [weight for _, weight in self.named_parameters() if weight.requires_grad]

    def parameter_count(self) -> int:
        """Return the total number of elements of all parameters."""
        return sum(weight.size for _, weight in self.named_parameters())

    def train(self, mode: bool = True) -> Self:
        """Set training mode (False: evaluation mode) in this module and its parts; return self.

        Only `Dropout` depends on the mode. A captured function stays in the mode it was recorded
        in.
        """
        if not isinstance(mode, bool):
            raise SettingError("mode", "True or False", mode)
        for _, module in self.named_modules():
            if module.training is not mode:
                module.training = mode
        return self

    def eval(self) -> Self:
        """Set evaluation mode, without dropout, as `train(False)` does; return self."""
        return self.train(False)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters, by name.

        The lock is held, so that another thread that trains the model is between two launches.
        """
        with LOCK:
            return {name: weight.numpy() for name, weight in self.named_parameters()}

    def load_state_dict(self, weights: dict[str, Any]) -> None:
        """Copy parameters in; raise ShapeError unless all names and shapes fit exactly."""
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
        """Offer an activation to the engine's hook, under this module's path; return its result."""
        if context.activation_hook is None:
            return node
        return offer_activation(f"{self.path}.{label}" if self.path else label, node)


def _children(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield the items of a dictionary, list or tuple, at any depth, with dotted names."""
    pairs = thing.items() if isinstance(thing, dict) else enumerate(thing)
    for label, part in pairs:
        if isinstance(part, dict | list | tuple):
            for inner, deeper in _children(part):
                yield f"{label}.{inner}", deeper
        else:
            yield str(label), part
