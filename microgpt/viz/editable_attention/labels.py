"""How positions, heads, edits and sums are called and written, in the picture and in sentences."""

from math import isfinite

from microgpt.plain_text import with_minus
from microgpt.viz.editable_attention.data import CUT, MASK, OFF, AttentionEdit, AttentionPicture
from microgpt.viz.formatting import in_quotes, visible

START = "start"
MAX_LOSS_DECIMALS = 6
CLEARLY_ROUNDED = 0.00499  # below half of the last digit of a rise


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


def shown_name(picture: AttentionPicture) -> str:
    """Return whose weights are shown: "head 2", or "all 4 heads (their mean)"."""
    if picture.head is not None or picture.num_heads == 1:
        return head_name(picture.head or 0)
    return f"all {picture.num_heads} heads (their mean)"


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


def signed(number: float) -> str:
    """Format a change of a loss with its sign and two decimals; 0.00 has no sign."""
    text = with_minus(f"{number:+.2f}")
    return text[1:] if text[1:] == "0.00" else text


def loss_texts(picture: AttentionPicture) -> tuple[str, str]:
    """Format the negative log-likelihood of the true token before the edits and with them.

    With two decimals, or with more where two would differ by another number than the rise that is
    shown beside them.
    """
    probs = (picture.probs_before, picture.probs)
    before, now = (picture.negative_log_likelihood(p) for p in probs)
    if not isfinite(picture.rise):
        return f"{before:.2f}", f"{now:.2f}"
    for decimals in range(2, MAX_LOSS_DECIMALS):
        difference = round(now, decimals) - round(before, decimals)
        if abs(difference - round(picture.rise, 2)) < CLEARLY_ROUNDED:
            break
    else:
        decimals = MAX_LOSS_DECIMALS
    return f"{before:.{decimals}f}", f"{now:.{decimals}f}"
