"""A model's intermediates by name, as the engine's hook offers them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.autograd.engine import naming, no_grad
from microgpt.backends import LOCK
from microgpt.errors import SettingError
from microgpt.nn import Module
from microgpt.ops.embedding import as_tokens

TOKENS, LOGITS = "tokens", "logits"


def visit(model: Any, tokens: Any, visitor: Callable[[str, np.ndarray], None]) -> None:
    """Call `visitor(name, array)` for every named intermediate, in order, and for "logits".

    Intermediates come from a pass through small operations, which store them; the logits come from
    a second pass, as the model runs when nobody looks.
    """
    if not isinstance(model, Module) or not callable(model):
        raise SettingError(f"a model is needed, such as a GPT; got {type(model).__name__}")

    def hook(name: str, node: Any) -> Any:
        visitor(name, node.numpy())
        return node

    with LOCK, no_grad():
        with naming(hook):
            model(tokens)
        logits = model(tokens).numpy()
    visitor(LOGITS, logits)


def activations(model: Any, tokens: Any) -> dict[str, np.ndarray]:
    """Every named intermediate of a model at `tokens`, in the order of computation.

    The first entry is "tokens" itself, the last is "logits"; `compare` takes the dictionary as it
    is, or from an .npz file: np.savez(file, **activations). Matrices of attention are (B, H, T, T),
    vectors (B, T, C).
    """
    ids = as_tokens(tokens)
    found: dict[str, np.ndarray] = {TOKENS: np.array(ids)}
    visit(model, ids, found.__setitem__)
    return found
