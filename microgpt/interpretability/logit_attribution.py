"""`LogitAttribution`: what each part of a model adds to the difference of two logits."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from microgpt.errors import StateError
from microgpt.interpretability.effect_table import EffectTable, signed
from microgpt.interpretability.residual_stream import HeldNorm, LogitDifference, stream_points
from microgpt.models.gpt import GPT
from microgpt.nn import MLP, CausalSelfAttention


@dataclass(frozen=True, repr=False)
class LogitAttribution(EffectTable):
    """A logit difference as a sum over the parts that wrote to the residual stream.

    `difference` is logit[first] − logit[second] at `position`. `parts` add up to it, in a run
    without edits and without dropout: both embeddings, each attention and MLP without its bias, and
    "biases" if there are any. `heads` (H,) and `neurons` (4C,) split an attention and an MLP. The
    `scale` of the final norm, and `embedding_scale` of the norm on the embeddings, are those of
    this run, held fixed; 1 without that norm. They are shares of a sum, not causes: `Trace.effect`
    measures what a part does.
    """

    logit_diff: tuple[str, str]
    position: int
    difference: float
    parts: Mapping[str, float]
    heads: Mapping[str, np.ndarray]
    neurons: Mapping[str, np.ndarray]
    scale: float
    embedding_scale: float

    @property
    def title(self) -> str:
        return f"{self.compared}, by part"

    def _cells(self) -> list[tuple[str, str, str]]:
        totals = accumulate(self.parts.values())
        rows = [
            (part, signed(share), f"sum {signed(total)}")
            for (part, share), total in zip(self.parts.items(), totals, strict=True)
        ]
        held = f"scale held at {self.scale:.4g}, of the embeddings at {self.embedding_scale:.4g}"
        return [*rows, ("logits", signed(self.difference), held)]


def logit_attribution(
    model: GPT,
    arrays: Mapping[str, np.ndarray],
    logit_diff: tuple[int, int],
    labels: tuple[str, str],
    at: tuple[int, ...],
) -> LogitAttribution:
    """Split a logit difference of a recorded run; see `LogitAttribution`.

    `at` is the position whose logits are compared, after its row if there are several.
    """
    layers = range(model.config.n_layer)
    points = stream_points(list(arrays), len(layers))
    states = {name: arrays[name][at].astype(np.float64) for name in points}
    logits = _logits_at(arrays, list(points)[-1], at)
    first, second = (float(logits[token]) for token in logit_diff)
    reader, last = LogitDifference(model, *logit_diff), states[list(points)[-1]]
    reader.check(last, logits, first - second)
    direction = reader.scale(last) * reader.direction  # (C,)

    input_norm = HeldNorm(model.ln_emb, "ln_emb")
    input_scale = input_norm.scale(arrays["embedding"][at].astype(np.float64))
    parts, biases = {}, reader.offset + float(np.sum(direction * input_norm.bias))
    for name in ("token_embedding", "position_embedding"):
        if name in arrays:
            row = input_norm.centre(arrays[name][at].astype(np.float64))
            parts[name] = float(direction @ (input_scale * row * input_norm.weight))

    writers = [writer for layer in layers for writer in (model.h[layer].attn, model.h[layer].mlp)]
    values = list(states.values())
    for part, before, after, writer in zip(
        list(points.values())[1:], values, values[1:], writers, strict=False
    ):
        bias = float(np.sum(direction * _bias_of(writer)))
        parts[part] = float(direction @ (after - before)) - bias
        biases += bias
    if biases or model.config.bias:
        parts["biases"] = biases
    return LogitAttribution(
        logit_diff=labels,
        position=at[-1],
        difference=first - second,
        parts=parts,
        heads={
            f"h.{layer}.attn.out": _per_head(model, arrays, layer, direction, at)
            for layer in layers
            if f"h.{layer}.attn.head_out" in arrays
        },
        neurons={
            f"h.{layer}.mlp.out": arrays[f"h.{layer}.mlp.hidden"][at].astype(np.float64)
            * (direction @ model.h[layer].mlp.c_proj.weight.numpy())
            for layer in layers
            if f"h.{layer}.mlp.hidden" in arrays
        },
        scale=reader.scale(last),
        embedding_scale=input_scale,
    )


def _bias_of(writer: object) -> np.ndarray | float:
    """Return the bias (C,) that an attention or an MLP adds to the residual stream, or 0."""
    if not isinstance(writer, CausalSelfAttention | MLP) or writer.c_proj.bias is None:
        return 0.0
    return writer.c_proj.bias.numpy().astype(np.float64)


def _logits_at(
    arrays: Mapping[str, np.ndarray], last_point: str, at: tuple[int, ...]
) -> np.ndarray:
    """Return the logits (V,) at a position; of a run that has only the last ones, those."""
    logits, T = arrays["logits"], arrays[last_point].shape[len(at) - 1]
    if logits.ndim > len(at):
        return logits[at]
    if at[-1] != T - 1:
        raise StateError(
            f"this run computed the logits after its last token alone, not at position {at[-1]}",
            "run model(tokens), which gives them at every position, or leave out `position`",
        )
    return logits[at[:-1]]


def _per_head(
    model: GPT,
    arrays: Mapping[str, np.ndarray],
    layer: int,
    direction: np.ndarray,
    at: tuple[int, ...],
) -> np.ndarray:
    """Return what each head of a layer adds (H,), through its columns of `c_proj`."""
    head_out = arrays[f"h.{layer}.attn.head_out"][at[:-1]][:, at[-1]]  # (H, D)
    columns = direction @ model.h[layer].attn.c_proj.weight.numpy()  # (C,) of H · D
    return (columns.reshape(head_out.shape) * head_out).sum(-1)
