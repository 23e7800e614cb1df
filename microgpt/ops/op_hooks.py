"""How an operation gives way: to a function put in its place, or to its decomposition."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from microgpt.autograd.engine import context

OVERRIDABLE: list[str] = []  # the names that `override_ops` offers to its hook
FUSED: list[str] = []
DECOMPOSITIONS: dict[str, Callable] = {}  # of fused operations, by name


def overridable(op: Callable) -> Callable:
    """An operation that a learner may write anew: under `override_ops` its hook runs instead."""
    OVERRIDABLE.append(op.__name__)

    @wraps(op)
    def offered(*args: Any, **kwargs: Any) -> Any:
        hook = context.op_override
        if hook is None:
            return op(*args, **kwargs)
        return hook(op.__name__, op, args, kwargs)

    return offered


def fused(op: Callable) -> Callable:
    """A fused operation, which runs decomposed where somebody looks inside.

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
    """The decomposition of the fused operation of the same name."""
    DECOMPOSITIONS[function.__name__] = function
    return function
