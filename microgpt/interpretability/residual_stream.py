"""The residual stream: what each part adds to it, and how final norm and head read it.

The stream has points: where it starts, after each attention, after each MLP. A part of the model is
what lies between two points; it adds the difference.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import hook_activations, no_grad, override_runs
from microgpt.backends import LOCK
from microgpt.errors import Described, SettingError, StateError
from microgpt.models.gpt import GPT
from microgpt.nn.norm import LayerNorm, RMSNorm

TOLERANCE = 1e-3  # of the logits' size: more than float32 rounds
# Of the activations before the first block, the last that there is.
_STARTS = ("ln_emb", "drop", "embedding")
_PARTS = {"resid_mid": "attn.out", "out": "mlp.out"}  # a point, and the part that ends there


def stream_points(names: Sequence[str], n_layer: int) -> dict[str, str]:
    """Return the points of the residual stream by name, each with the part that ends there.

    Raises SettingError if a block of the model's own does not offer them.
    """
    start = next(name for name in _STARTS if name in names)
    points = {start: "embedding"}
    for layer in range(n_layer):
        for point, part in _PARTS.items():
            name = f"h.{layer}.{point}"
            if name not in names:
                blocks = "one whose blocks offer the residual stream, as nn.Block does"
                raise SettingError("model", blocks, Described(f"one without {name}"))
            points[name] = f"h.{layer}.{part}"
    return points


def residual_after_layers(arrays: Mapping[str, np.ndarray], n_layer: int) -> np.ndarray:
    """Return the residual stream before the first block and after each: (n_layer + 1, …, T, C)."""
    start = next(iter(stream_points(list(arrays), n_layer)))
    return np.stack([arrays[start], *(arrays[f"h.{layer}.out"] for layer in range(n_layer))])


def read_out(model: GPT, residual: np.ndarray) -> np.ndarray:
    """Apply the model's final norm and head to a residual stream (…, C) -> logits (…, V)."""
    with LOCK, no_grad(), override_runs(None), hook_activations(None):
        x = model.wte.weight.from_array(np.ascontiguousarray(residual))
        x = x if model.ln_f is None else model.ln_f(x)
        return ops.linear(x, model.lm_head_weight).numpy()


class HeldNorm:
    """A norm as a linear function, once its scale is held:

        y = scale · centre(x) · weight + bias

    `centre` subtracts the mean in a LayerNorm. Without a norm (None), y = x. In float64.
    """

    def __init__(self, norm: Any, name: str):
        if not (norm is None or type(norm) in (LayerNorm, RMSNorm)):
            expected = f"one whose {name} is a LayerNorm or an RMSNorm"
            raise SettingError("model", expected, type(norm))
        self._norm = norm
        weight, bias = getattr(norm, "weight", None), getattr(norm, "bias", None)
        self.weight = 1.0 if weight is None else weight.numpy().astype(np.float64)
        self.bias = 0.0 if bias is None else bias.numpy().astype(np.float64)

    def centre(self, x: np.ndarray) -> np.ndarray:
        """Return x (C,) without its mean in a LayerNorm, else x."""
        return x - x.mean() if isinstance(self._norm, LayerNorm) else x

    def scale(self, x: np.ndarray) -> float:
        """Return the norm's factor for x (C,): 1 / sqrt(mean square or variance + eps)."""
        if self._norm is None:
            return 1.0
        op = ops.rms_norm if isinstance(self._norm, RMSNorm) else ops.layer_norm
        eps = inspect.signature(op).parameters["eps"].default
        return float(1 / np.sqrt((self.centre(x) ** 2).mean() + eps))


class LogitDifference:
    """The logit of one token minus that of another, as a function of the last residual stream:

        difference(x) = scale(x) · (direction · x) + offset

    `direction` (C,) holds the head's two rows, and the final norm's weight and its subtraction of
    the mean. Without a final norm the scale is 1. In float64.
    """

    def __init__(self, model: GPT, first: int, second: int):
        head = model.lm_head_weight.numpy().astype(np.float64)
        norm, rows = HeldNorm(model.ln_f, "ln_f"), head[first] - head[second]
        self.scale, self.offset = norm.scale, float(np.sum(rows * norm.bias))
        self.direction = norm.centre(rows * norm.weight)

    def check(self, x: np.ndarray, logits: np.ndarray, expected: float) -> None:
        """Raise StateError unless this gives the model's own difference for x (C,).

        It does not where a function runs in place of the final norm or the head, where their
        activations were edited, or if the weights changed after the run. Float32 rounds in
        proportion to the size of the logits (V,).
        """
        found = self.scale(x) * float(self.direction @ x) + self.offset
        if abs(found - expected) > TOLERANCE * max(1.0, np.abs(logits).max()):
            raise StateError(
                f"the run gave a difference of {expected:.6g}, the weights of final norm and head "
                f"give {found:.6g}",
                "run the model again, with its present weights, without edits of ln_f and logits, "
                "and outside mg.learn.using",
            )
