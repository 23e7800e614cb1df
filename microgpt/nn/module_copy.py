"""Copies of modules: the same classes and parts, and weights of their own in one row again."""

from collections import defaultdict
from copy import deepcopy
from typing import TypeVar

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK, Backend, check_host_read
from microgpt.nn.flat_parameters import Store
from microgpt.nn.module import Module

Kind = TypeVar("Kind", bound=Module)


def copied(
    module: Kind, memo: dict, kernels: Backend | None = None, shared: tuple[str, ...] = ()
) -> Kind:
    """A module of its own, as `copy.deepcopy` makes one; gradients start at zero.

    Its weights lie side by side, on `kernels` (default: where each one was). Attributes named in
    `shared` are the same in both.
    """
    check_host_read("a copy of a module")
    copy = memo[id(module)] = object.__new__(type(module))
    with LOCK:  # what another thread trains changes between launches only
        _copy_weights(module, memo, kernels)
        for label, part in vars(module).items():
            vars(copy)[label] = part if label in shared else deepcopy(part, memo)
    return copy


def _copy_weights(module: Module, memo: dict, kernels: Backend | None) -> None:
    """Put a copy of every weight where `deepcopy` looks for it."""
    rows: dict[tuple[Backend, np.dtype], list[Tensor]] = defaultdict(list)
    for _, weight in module.named_parameters():
        rows[kernels or weight.kernels, weight.dtype].append(weight)
    for (where, dtype), weights in rows.items():
        store = Store(where, str(dtype), [weight.shape for weight in weights])
        for weight in weights:
            data, grad = store.place(weight.shape)
            data[...] = weight.array
            leaf = memo[id(weight)] = weight.detached(data)
            leaf.kernels = where
            leaf.requires_grad = weight.requires_grad and not weight.inputs
            leaf.move(data, grad)
