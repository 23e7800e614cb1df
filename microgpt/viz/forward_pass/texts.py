"""What the six boxes say of themselves, and the caption."""

from dataclasses import dataclass

import numpy as np

from microgpt.plain_text import pluralize
from microgpt.viz.formatting import (
    format_prob,
    in_quotes,
    ordinal,
    quoted,
    quoted_text,
    visible,
    width_in_em,
)
from microgpt.viz.forward_pass.activation_data import ForwardPass
from microgpt.viz.forward_pass.marks import (
    MAX_LOGITS,
    MAX_VALUES,
)
from microgpt.viz.forward_pass.residual import signed

MAX_PREFIX = 3.5  # of the text before a guess, in em
NO_BREAK_SPACE = "\u00a0"
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
    stream = (f"{pluralize(C, 'number')} for each {unit}",)
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
            "Logits", _logits_sentence(forward),
            tuple(f"{V:,} scores, {_range(row)}" for row in forward.logits),
            "notebook 07",
        ),
        BoxText(
            "Probabilities",
            f"Softmax turns the scores into {V:,} probabilities, together 100\u00a0%.",
            tuple(answer(forward, i) for i in range(forward.num_shown)), "notebooks 03 and 09",
        ),
    ]  # fmt: skip


def _embedding_sentence(forward: ForwardPass) -> str:
    sentence = f"Each {forward.unit} has a row of numbers"
    if forward.adds_position:
        sentence += ", and its position adds another"
    if forward.embedding_norm:
        sentence += ". Then each row is scaled to the same size"
    return f"{sentence}."


def _logits_sentence(forward: ForwardPass) -> str:
    """Return what has a score, such as 27 = 26 letters and the end."""
    V, unit = forward.logits.shape[1], forward.unit
    sentence = f"One score for each {unit} that could come next"
    if forward.bos_id is None:
        return f"{sentence}."
    return f"{sentence}: {V:,} = {pluralize(V - 1, unit)} and the end."


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


def forward_caption(forward: ForwardPass) -> str:
    """Return what becomes of the text, and what follows all of it."""
    best = int(forward.ranked_ids[-1, 0])
    T, numbers = forward.num_tokens, pluralize(forward.embedding.shape[1], "number")
    text, tokens = quoted_text(forward.text), pluralize(T, "token")
    prob = format_prob(float(forward.probs[-1, best]))
    if forward.is_cut:
        becomes = (
            f"The model reads at most {tokens}, so only the last {T} of {text} are followed, each "
            f"as {numbers}."
        )
    else:
        becomes = f"{text} becomes {tokens} of {numbers}{' each' * (T > 1)}."
    return (
        f"{becomes} Attention and the MLP each add to these numbers. After {text}, the most "
        f"probable is {quoted(forward.labels[best])} with {prob}."
    )


def answer(forward: ForwardPass, position: int) -> str:
    """Return what is most probable after a shown position."""
    best = int(forward.ranked_ids[position, 0])
    prob = format_prob(float(forward.probs[position, best])).replace(" ", NO_BREAK_SPACE)
    return f"Most probable: {quoted(forward.labels[best])}, {prob}"


def position_label(forward: ForwardPass, position: int) -> str:
    """Return which token of the text a shown position has, "2nd letter"; "" if it is BOS."""
    token_ids, index = forward.token_ids, forward.num_tokens - forward.num_shown + position
    if token_ids[index] == forward.bos_id:
        return ""
    return f"{ordinal(index + 1 - (token_ids[0] == forward.bos_id))} {forward.unit}"


def prefix_label(forward: ForwardPass, position: int) -> str:
    """Return the end of the text up to a shown position, quoted; "start" if there is none."""
    end = forward.num_tokens - forward.num_shown + position + 1
    labels = [forward.labels[one] for one in forward.token_ids[:end] if one != forward.bos_id]
    text = shown = "".join(labels)
    while width_in_em(shown) > MAX_PREFIX and len(shown) > 1:
        shown = shown[1:]
    if not text:
        return "start"
    return in_quotes(visible(shown) if shown == text else f"…{visible(shown)}")


def hints(forward: ForwardPass) -> tuple[str, str]:
    """Return what can be done with the view, by mouse and keyboard, and by touch."""
    unit = forward.unit
    article = "an" if unit[0] in "aeiou" else "a"
    return (
        f"Point at {article} {unit}, or press Tab, to follow it through the six boxes.",
        f"Tap {article} {unit} in box 1 to follow it through the six boxes.",
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


def _range(logits: np.ndarray) -> str:
    if len(logits) > MAX_LOGITS:
        return f"the largest {MAX_LOGITS} shown"
    return f"{signed(logits.min())} to {signed(logits.max())}"


def _first(size: int, shown: int) -> str:
    return f", the first {shown} shown" if size > shown else ""
