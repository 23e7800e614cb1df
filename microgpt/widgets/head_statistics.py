"""What each attention head looks at on many texts, and what the loss is without it."""

from collections.abc import Sequence

import numpy as np

from microgpt.autograd.engine import no_grad
from microgpt.data.batches import pad
from microgpt.interpretability import trace
from microgpt.models.gpt import GPT
from microgpt.viz.editable_attention import OFF, UNSCALED, AttentionEdit, HeadRow, HeldOut
from microgpt.widgets.attention_runs import MAX_WORK, edit_attention
from microgpt.widgets.logits_source import ModelLogits

MIN_TEXTS, MAX_TEXTS = 20, 2000


def held_out_heads(source: ModelLogits, texts: Sequence[str], layer: int) -> HeldOut | None:
    """Measure every head of a layer on `texts`; None without a text long enough.

    Of more than 2,000 texts, or of fewer for a large model, it takes some, evenly spaced in their
    list: a list in alphabetical order then gives some of each letter.
    Weights are means over the positions from the third on, where itself, the token before and the
    start are three different tokens.
    """
    longest = source.block_size + 1
    affordable = int(MAX_WORK / (source.model.parameter_count() * longest))
    sample = evenly_spaced(texts, min(max(affordable, MIN_TEXTS), MAX_TEXTS))
    rows = [source.tokenizer.encode(text, bos=True, eos=True)[:longest] for text in sample]
    if not rows or max(map(len, rows)) < 4:
        return None
    tokens, targets = pad(rows, 0)
    model, counted = source.model, targets[:, 2:] >= 0
    with no_grad(), trace(model) as t:
        edit_attention(
            t, layer, (), 1.0
        )  # decomposed, as the edited runs that are compared with it
        loss = model.loss(tokens, targets).item()
    weights = t[f"h.{layer}.attn.weights"]
    T = tokens.shape[1]
    equal = np.tril(np.ones((T, T))) / np.arange(1, T + 1)[:, None]
    heads = tuple(
        HeadRow(
            *_means(weights[:, head], counted),
            _loss(model, AttentionEdit(OFF, layer, head), tokens, targets) - loss,
        )
        for head in range(weights.shape[1])
    )
    return HeldOut(
        num_texts=len(rows),
        num_held_out=len(texts),
        loss=loss,
        heads=heads,
        equal=_means(np.broadcast_to(equal, (len(rows), T, T)), counted),
        unscaled_rise=_loss(model, AttentionEdit(UNSCALED, layer), tokens, targets) - loss,
    )


def evenly_spaced(texts: Sequence[str], count: int) -> list[str]:
    """Return at most `count` texts, the first and the last among them, in their order."""
    if len(texts) <= count:
        return list(texts)
    return [texts[i] for i in np.linspace(0, len(texts) - 1, count).round().astype(int)]


def _means(weights: np.ndarray, counted: np.ndarray) -> tuple[float, float, float]:
    """Return the mean weight on itself, on the token before and on the start: weights (N, T, T)."""
    row = np.arange(2, weights.shape[-1])
    columns = (row, row - 1, np.zeros_like(row))
    itself, before, start = (float(weights[:, row, column][counted].mean()) for column in columns)
    return itself, before, start


def _loss(model: GPT, edit: AttentionEdit, tokens: np.ndarray, targets: np.ndarray) -> float:
    """Return the mean loss with whole heads edited."""
    with no_grad(), trace(model) as t:
        edit_attention(t, edit.layer, [edit], model.config.head_dim**0.5)
        return model.loss(tokens, targets).item()
