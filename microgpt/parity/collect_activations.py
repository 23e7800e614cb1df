"""Collect a model's intermediate activations by name, through the engine's activation hook."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.autograd.engine import hook_activations, no_grad
from microgpt.backends import LOCK
from microgpt.errors import SettingError
from microgpt.nn import Module
from microgpt.ops.token_ids import as_token_ids

TOKENS, LOGITS = "tokens", "logits"


def visit_activations(model: Any, tokens: Any, visitor: Callable[[str, np.ndarray], None]) -> None:
    """Call `visitor(name, array)` for every named activation in order, "logits" last.

    The activations come from a forward pass through the decomposed operations, which store them.
    The logits come from a second pass through the fused operations, which the model normally uses.
    """
    if not isinstance(model, Module) or not callable(model):
        raise SettingError("model", "a model, such as a GPT", type(model))

    def hook(name: str, node: Any) -> Any:
        if name != LOGITS:
            visitor(name, node.numpy())
        return node

    with LOCK, no_grad():
        with hook_activations(hook):
            model(tokens)
        logits = model(tokens).numpy()
    visitor(LOGITS, logits)


def activations(model: Any, tokens: Any) -> dict[str, np.ndarray]:
    """Return every named activation of a model for `tokens`, in the order of computation.

    The first entry is "tokens" itself, the last is "logits". `compare` accepts this dictionary, or
    an .npz file of it: np.savez(file, **activations). Attention matrices are (B, H, T, T), vectors
    (B, T, C).
    """
    token_ids = as_token_ids(tokens)
    arrays: dict[str, np.ndarray] = {TOKENS: np.array(token_ids)}
    visit_activations(model, token_ids, arrays.__setitem__)
    return arrays
