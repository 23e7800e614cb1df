"""What the six boxes say of themselves, and the caption."""

from dataclasses import dataclass

import numpy as np

from microgpt.viz.formatting import format_prob, in_quotes, quoted, quoted_text
from microgpt.viz.forward_pass.activation_data import ForwardPass
from microgpt.viz.forward_pass.marks import (
    MAX_HEADS,
    MAX_HIDDEN,
    MAX_LOGITS,
    MAX_VALUES,
    has_narrow_columns,
)
from microgpt.viz.forward_pass.residual import signed

NUMBER_WORDS = (
    "No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
    "Twelve",
)  # fmt: skip


@dataclass(frozen=True)
class BoxText:
    """A box's title, what it does in a sentence, what leaves it in words, and its notebooks.

    What depends on the lit position is a text for each position shown.
    """

    title: str
    sentence: str
    output: tuple[str, ...]
    notebook: str


def box_texts(forward: ForwardPass) -> list[BoxText]:
    """Return the texts of the six boxes."""
    unit, C, V = forward.unit, forward.embedding.shape[1], forward.logits.shape[1]
    T = forward.num_tokens
    start = (
        f"; {in_quotes('start')} marks the beginning" if forward.bos_id in forward.shown_ids else ""
    )
    shown = "" if forward.num_shown == T else f", the last {forward.num_shown} of {T} shown"
    stream = (f"{plural(C, 'number')} for each {unit}",)
    return [
        BoxText(
            "Tokens", f"Each {unit} becomes a whole number{start}.",
            (f"1 number for each {unit}{shown}",), "notebook 04",
        ),
        BoxText(
            "Embedding", _embedding_sentence(forward),
            (stream[0] + _first(C, MAX_VALUES),), "notebook 05",
        ),
        BoxText("Attention", _attention_sentence(forward), stream, "notebook 06"),
        BoxText(
            "MLP",
            f"A multilayer perceptron works on each {unit} alone. Its result is added, too.",
            stream, "notebook 07",
        ),
        BoxText(
            "Logits", f"One score for every {unit} that could come next.",
            tuple(f"{V:,} scores, {_range(row)}" for row in forward.logits),
            "notebook 07",
        ),
        BoxText(
            "Probabilities", "Softmax turns the scores into probabilities.",
            (f"{V:,} probabilities, together 100\u00a0%",), "notebooks 03 and 09",
        ),
    ]  # fmt: skip


def _embedding_sentence(forward: ForwardPass) -> str:
    sentence = f"Each {forward.unit} has a row of numbers"
    if forward.adds_position:
        sentence += ", and its position adds another"
    if forward.embedding_norm:
        sentence += ". Then each row is scaled to the same size"
    return f"{sentence}."


def _attention_sentence(forward: ForwardPass) -> str:
    """Return how many heads look back, and in which layer."""
    H, L = forward.num_heads, forward.num_layers
    if H == 1:
        heads = "One head looks back. What it finds is added."
    else:
        count = NUMBER_WORDS[H] if len(NUMBER_WORDS) > H else str(H)
        heads = (
            f"{count} heads look back at the same time, each with its own weights. What they find "
            "is added."
        )
    return f"{heads} Layer {L} of {L} is shown." if L > 1 else heads


def hidden_label(forward: ForwardPass, position: int) -> str:
    """Return how many of the numbers inside the MLP are above 0 at a position, or are shown."""
    row = forward.mlp_hidden[position]
    if len(row) > MAX_HIDDEN:
        return f"the first {MAX_HIDDEN} of {plural(len(row), 'number')}"
    return f"{int((row > 0).sum())} of {plural(len(row), 'number')} above 0"


def stream_labels(forward: ForwardPass, index: int) -> tuple[str, str, str]:
    """Return the labels of what comes in, what attention (0) or the MLP (1) adds, what goes on."""
    part = ("attention", "the MLP")[index]
    comes_in = "comes in"
    if index == 0 and forward.num_layers > 1:
        comes_in += f" from layer {forward.num_layers - 1}"
    return comes_in, f"{part} adds", "the sum goes on"


def takes_label(forward: ForwardPass, position: int) -> str:
    """Return what the arcs show."""
    is_narrow = has_narrow_columns(len(forward.column_weights(0)))
    label = f"head 1: {forward.shown_labels()[position]} takes from"
    return f"{label}, in\u00a0%" if is_narrow else label


def heads_label(forward: ForwardPass) -> str:
    """Return what the triangles below the arcs show."""
    H = forward.num_heads
    if H == 1:
        return f"all weights, a row for each {forward.unit}"
    which = f"all {H} heads" if H <= MAX_HEADS else f"{MAX_HEADS} of {H} heads"
    return f"{which}, a row for each {forward.unit}"


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
    return (
        f"{becomes} Attention and the MLP each add to these numbers. After the last {unit}, the "
        f"most probable is {quoted(forward.labels[best])} with "
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


def _range(logits: np.ndarray) -> str:
    if len(logits) > MAX_LOGITS:
        return f"the largest {MAX_LOGITS} shown"
    return f"{signed(logits.min())} to {signed(logits.max())}"


def _first(size: int, shown: int) -> str:
    return f", the first {shown} shown" if size > shown else ""
