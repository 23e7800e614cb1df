"""Copy modules: the same classes and parts, with parameters of their own in flat arrays."""

from collections import defaultdict
from copy import deepcopy
from typing import Any, TypeVar

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK, Backend, check_host_read
from microgpt.nn.flat_parameters import FlatParameters
from microgpt.nn.module import Module

ModuleT = TypeVar("ModuleT", bound=Module)


def copy_module(
    module: Module,
    memo: dict,
    backend: Backend | None = None,
    shared: tuple[str, ...] = (),
    copy_type: type[ModuleT] | None = None,
) -> ModuleT:
    """Copy a module as `copy.deepcopy` does; its gradients start at zero.

    The copied parameters share a flat array on `backend` (default: where each one was). In place of
    one that is in `memo`, what stands there is used. Attributes named in `shared` are not copied
    but shared. The copy is a `copy_type` (default: the module's class).
    """
    check_host_read("a copy of a module")
    copy: Any = object.__new__(type(module) if copy_type is None else copy_type)
    memo[id(module)] = copy
    with LOCK:  # another thread may be training the module
        _copy_weights(module, memo, backend)
        for label, part in vars(module).items():
            vars(copy)[label] = part if label in shared else deepcopy(part, memo)
    return copy


def _copy_weights(module: Module, memo: dict, backend: Backend | None) -> None:
    """Put a copy of every parameter into `memo`, where `deepcopy` looks for it."""
    rows: dict[tuple[Backend, np.dtype], list[Tensor]] = defaultdict(list)
    # The base class's method: a quantized model's own refuses to name what is left of its weights.
    for _, weight in Module.named_parameters(module):
        if id(weight) not in memo:
            rows[backend or weight.backend, weight.dtype].append(weight)
    for (where, dtype), weights in rows.items():
        flat = FlatParameters(where, str(dtype), [weight.shape for weight in weights])
        for weight in weights:
            data, grad = flat.allocate(weight.shape)
            data[...] = where.readable(weight.array)
            leaf = memo[id(weight)] = weight.from_array(data)
            leaf.backend = where
            leaf.requires_grad = weight.requires_grad and not weight.inputs
            leaf.set_storage(data, grad, flat)
