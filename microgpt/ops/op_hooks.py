"""Decorators of operations: an override or a decomposition runs instead; errors say what to do."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from microgpt.autograd.engine import Node, context

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


def explains_arrays(op: Callable) -> Callable:
    """Let an operation that was called with an array where it needs a Tensor say so.

    Nothing is checked before: an array fails at the first attribute that only tensors have.
    """

    @wraps(op)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return op(*args, **kwargs)
        except AttributeError as error:
            for name, value in inspect.signature(op).bind(*args, **kwargs).arguments.items():
                if value is error.obj and not isinstance(value, Node):
                    raise TypeError(_needs_tensor(op.__name__, name, value)) from None
            raise

    return explained


def _needs_tensor(op: str, name: str, value: Any) -> str:
    came = type(value).__name__
    if isinstance(value, np.ndarray):
        came = f"an array of shape {value.shape}"
    return f"mg.ops.{op} needs a Tensor as {name}; got {came}: write mg.Tensor({name})"
