"""What stands inside the boxes of attention and MLP: labels of their marks, and what is summed."""

from microgpt.plain_text import pluralize
from microgpt.viz.forward_pass.activation_data import ForwardPass
from microgpt.viz.forward_pass.marks import MAX_HEADS, MAX_HIDDEN, has_narrow_columns


def sizes_label(forward: ForwardPass) -> str:
    """Return how many numbers go into the MLP, are inside it, and come out."""
    C, inside = forward.embedding.shape[1], forward.mlp_hidden.shape[1]
    return f"{pluralize(C, 'number')} → {inside:,} → {C:,}"


def hidden_label(forward: ForwardPass, position: int) -> str:
    """Return how many of the numbers inside the MLP are above 0 at a position, or are shown."""
    row = forward.mlp_hidden[position]
    if len(row) > MAX_HIDDEN:
        return f"the first {MAX_HIDDEN} of {pluralize(len(row), 'number')}"
    return f"{int((row > 0).sum())} of {pluralize(len(row), 'number')} above 0"


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


def heads_sentence(forward: ForwardPass) -> str:
    """Return what is taken from the tokens: of each head, its own numbers, added up in shares."""
    C, H = forward.embedding.shape[1], forward.num_heads
    these = f"of these {forward.unit}s, in these shares"
    if H == 1:
        return f"The head adds up {pluralize(C, 'number')} {these}."
    numbers = pluralize(C // H, "number")
    return f"Each head adds up its own {numbers} {these}: {H} heads make {pluralize(C, 'number')}."


def hidden_sentence(forward: ForwardPass) -> str:
    """Return how the numbers inside the MLP are made, and what is made of them."""
    C, inside = forward.embedding.shape[1], forward.mlp_hidden.shape[1]
    is_cut_off = forward.mlp_hidden.min() >= 0  # by a ReLU
    made = "is" if is_cut_off else "is made from"
    zero = "; a sum below 0 becomes 0" if is_cut_off else ""
    return (
        f"Each of the {inside:,} {made} a weighted sum of the {C:,} that come in{zero}. "
        f"Weighted sums of the {inside:,} then make {pluralize(C, 'number')} to add."
    )
