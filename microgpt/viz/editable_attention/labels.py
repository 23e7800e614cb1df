"""How positions, heads, edits and sums are called and written, in the picture and in sentences."""

from math import exp

from microgpt.plain_text import with_minus
from microgpt.viz.editable_attention.data import (
    CUT,
    MASK,
    OFF,
    AttentionEdit,
    AttentionPicture,
    CellArithmetic,
)
from microgpt.viz.formatting import in_quotes, visible

START = "start"
HIDDEN_SCORE = "−10³⁰"


def question(picture: AttentionPicture) -> str:
    """Return the title line."""
    return f"What if this {picture.unit} looked elsewhere?"


def token_label(picture: AttentionPicture, position: int) -> str:
    """Return the label of a position: the token as it is shown, or "start"."""
    label = visible(picture.tokens[position])
    return START if position == 0 and label == "end" else label


def token_name(picture: AttentionPicture, position: int) -> str:
    """Return a position's token for a sentence: quoted; "the start"; a repeated one is counted."""
    label = token_label(picture, position)
    if label == START:
        return "the start"
    same = [i for i, token in enumerate(picture.tokens) if token == picture.tokens[position]]
    number = f" ({same.index(position) + 1})" if len(same) > 1 else ""
    return in_quotes(label) + number


def head_name(head: int | None) -> str:
    """Return "head 2", or "all heads"."""
    return "all heads" if head is None else f"head {head + 1}"


def edit_label(picture: AttentionPicture, edit: AttentionEdit) -> str:
    """Return an edit in a few words, as on its button: "head 1: h → o masked"."""
    where = head_name(edit.head)
    if picture.num_layers > 1:
        where = f"layer {edit.layer + 1}, {where}"
    if edit.row is None or edit.column is None:
        return f"{where}: {'off' if edit.action == OFF else 'no √D'}"
    done = {MASK: "masked", CUT: "cut"}[edit.action]
    row, column = (token_label(picture, position) for position in (edit.row, edit.column))
    return f"{where}: {row} → {column} {done}"


def row_sum(picture: AttentionPicture, row: int) -> float:
    """Return what a row of the head shown adds up to; of all heads, the mean."""
    return float(picture.shown[row].sum())


def arithmetic_terms(picture: AttentionPicture) -> list[tuple[str, str]]:
    """Return how the chosen weight is computed, as pairs of a label and a number.

    From the printed numbers one gets the printed weight: exp(scaled − largest) / sum.
    """
    a = picture.arithmetic
    scaled = HIDDEN_SCORE if a.is_masked else with_minus(f"{a.scaled:.3f}")
    divided = f"÷ √{a.head_dim}" if a.is_scaled else "not divided"
    return [
        ("query · key", with_minus(f"{a.product:.3f}")),
        (divided, scaled),
        ("minus the row's largest", with_minus(f"{a.row_max:.3f}")),
        ("e to the power of that", f"{exponential(a):.3f}"),
        ("÷ sum of the row", f"{a.row_sum:.3f}"),
        ("cut to" if a.is_cut else "weight", f"{a.weight:.3f}"),
    ]


def exponential(a: CellArithmetic) -> float:
    """Return e to the power of (scaled − row_max); 0 for a masked cell."""
    return 0.0 if a.is_masked else exp(a.scaled - a.row_max)


def signed(number: float) -> str:
    """Format a change of a loss with its sign and two decimals."""
    return with_minus(f"{number:+.2f}")
