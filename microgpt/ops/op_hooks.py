"""Decorators that let something else run for an operation: an override or its decomposition."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from microgpt.autograd.engine import context

OVERRIDABLE: list[str] = []  # names of operations that `override_ops` can replace
FUSED: list[str] = []
DECOMPOSITIONS: dict[str, Callable] = {}  # fused operation's name -> its decomposition


def overridable(op: Callable) -> Callable:
    """Mark an operation that learners may rewrite: under `override_ops` the hook runs instead."""
    OVERRIDABLE.append(op.__name__)

    @wraps(op)
    def offered(*args: Any, **kwargs: Any) -> Any:
        hook = context.op_override
        if hook is None:
            return op(*args, **kwargs)
        return hook(op.__name__, op, args, kwargs)

    return offered


def fused(op: Callable) -> Callable:
    """Mark a fused operation, which runs decomposed while activations are hooked.

    Under `hook_activations` and `decomposed`, the function of the same name in
    `ops/decompositions.py` runs: the same values and gradients from smaller operations.
    """
    FUSED.append(op.__name__)

    @wraps(op)
    def fused_or_decomposed(*args: Any, **kwargs: Any) -> Any:
        if context.decomposed or context.activation_hook is not None:
            return DECOMPOSITIONS[op.__name__](*args, **kwargs)
        return op(*args, **kwargs)

    return fused_or_decomposed


def decomposition(function: Callable) -> Callable:
    """Register the decomposition of the fused operation of the same name."""
    DECOMPOSITIONS[function.__name__] = function
    return function
