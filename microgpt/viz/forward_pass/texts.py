"""What the six boxes say of themselves, and the caption."""

from dataclasses import dataclass

import numpy as np

from microgpt.viz.formatting import format_prob, quoted, quoted_text
from microgpt.viz.forward_pass.activation_data import ForwardPass
from microgpt.viz.forward_pass.marks import (
    MAX_HIDDEN,
    MAX_LOGITS,
    MAX_VALUES,
    has_narrow_columns,
)


@dataclass(frozen=True)
class BoxText:
    """A box's title, half a sentence on what it does, its shape in words, and its notebooks.

    A shape that depends on the lit position is a text for each position shown.
    """

    title: str
    sentence: str
    shape: tuple[str, ...]
    notebook: str


def box_texts(forward: ForwardPass) -> list[BoxText]:
    """Return the texts of the six boxes."""
    unit, C = forward.unit, forward.embedding.shape[1]
    V, hidden_size = forward.logits.shape[1], forward.mlp_hidden.shape[1]
    T, H = forward.num_tokens, forward.num_heads
    start = "; “start” marks the beginning" if forward.bos_id in forward.shown_ids else ""
    position = " plus a row for its position" if forward.adds_position else ""
    shown = "" if forward.num_shown == T else f", the last {forward.num_shown} shown"
    head = f"head 1{'' if H == 1 else f' of {H}'}"
    if forward.num_layers > 1:
        head = f"layer {forward.num_layers} of {forward.num_layers}, {head}"
    if has_narrow_columns(len(forward.column_weights(0))):
        head += ", in\u00a0%"
    return [
        BoxText(
            "Tokens", f"Each {unit} becomes a number{start}.",
            (plural(T, "number") + shown,), "notebook 04",
        ),
        BoxText(
            "Embedding", f"A row of numbers for each {unit}{position}.",
            (f"{plural(T, 'token')} × {plural(C, 'number')}{_first(C, MAX_VALUES)}",),
            "notebook 05",
        ),
        BoxText(
            "Attention", f"Each takes something from itself and the {unit}s before it.",
            (f"{plural(H, 'head')} of {T} × {T} weights",),
            f"{head} · notebook\u00a006",
        ),
        BoxText(
            "MLP", f"A multilayer perceptron works on each {unit} alone.",
            tuple(
                f"{int((row > 0).sum())} of {plural(hidden_size, 'number')} above 0"
                f"{_first(hidden_size, MAX_HIDDEN)}"
                for row in forward.mlp_hidden
            ),
            "notebook 07",
        ),
        BoxText(
            "Logits", f"One score for every {unit} that could come next.",
            tuple(f"{V:,} scores, {_range(row)}" for row in forward.logits),
            "notebook 07",
        ),
        BoxText(
            "Probabilities", "Softmax turns the scores into probabilities.",
            (f"{V:,} numbers, sum 100\u00a0%",), "notebooks 03 and 09",
        ),
    ]  # fmt: skip


def forward_caption(forward: ForwardPass) -> str:
    """Return what becomes of the text, and what follows its last token."""
    unit, best = forward.unit, int(forward.ranked_ids[-1, 0])
    T, numbers = forward.num_tokens, plural(forward.embedding.shape[1], "number")
    text, tokens = quoted_text(forward.text), plural(T, "token")
    if forward.is_cut:
        becomes = (
            f"The model reads at most {tokens}, so only the last {T} of {text} are followed, each "
            f"as {numbers}."
        )
    else:
        becomes = f"{text} becomes {tokens} of {numbers}{' each' * (T > 1)}."
    mixes = "Attention mixes them; after" if T > 1 else "After"
    return (
        f"{becomes} {mixes} the last {unit}, the likeliest is {quoted(forward.labels[best])} with "
        f"{format_prob(float(forward.probs[-1, best]))}. Point at a {unit}, or press Tab, to "
        "follow it through the six boxes."
    )


def question(forward: ForwardPass) -> str:
    """Return the title of the view."""
    return f"How does {quoted_text(forward.text)} become a guess?"


def attention_sentence(forward: ForwardPass, position: int) -> str:
    """Return the attention weights of a shown position in words."""
    labels = forward.shown_labels(12)
    names = ["earlier tokens"] * (forward.num_tokens > forward.num_shown) + labels
    weights = forward.column_weights(position)
    parts = [
        f"{name} {format_prob(weight)}"
        for name, weight in zip(names, weights, strict=True)
        if weight is not None
    ]
    return f"{labels[position]} takes {', '.join(parts)}"


def plural(count: int, noun: str) -> str:
    """Format a count and its noun, such as "4 tokens"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def signed(number: float) -> str:
    """Format a number with two decimals and a true minus sign."""
    return f"{number:.2f}".replace("-", "−")


def _range(logits: np.ndarray) -> str:
    if len(logits) > MAX_LOGITS:
        return f"the largest {MAX_LOGITS} shown"
    return f"{signed(logits.min())} to {signed(logits.max())}"


def _first(size: int, shown: int) -> str:
    return f", the first {shown} shown" if size > shown else ""
