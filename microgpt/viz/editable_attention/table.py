"""The tables: the weights of a row to six digits, and each head on held-out texts."""

from dataclasses import dataclass

from microgpt.viz.editable_attention.data import AttentionPicture
from microgpt.viz.editable_attention.labels import head_name, shown_name, token_label
from microgpt.viz.html import Markup, join
from microgpt.viz.table import html_table


@dataclass(frozen=True)
class HeadRow:
    """A head's mean weights on held-out texts, and the rise of the loss without it."""

    itself: float
    letter_before: float
    start: float
    rise: float


@dataclass(frozen=True)
class HeldOut:
    """Every head of a layer on `num_texts` of `num_held_out` texts, evenly spaced.

    `equal` are the weights of equal shares. `unscaled_rise` is the rise of the mean loss if no head
    divides by √D.
    """

    num_texts: int
    num_held_out: int
    loss: float
    heads: tuple[HeadRow, ...]
    equal: tuple[float, float, float]
    unscaled_rise: float


def attention_table(picture: AttentionPicture, held_out: HeldOut | None = None) -> str:
    """Return the numbers of the chosen row and, if texts were held out, those of all heads."""
    tables = [_row_table(picture)]
    if held_out is not None:
        tables.append(_head_table(picture, held_out))
    return join(*map(Markup, tables))


def _row_table(picture: AttentionPicture) -> str:
    row = picture.row
    columns = range(row + 1)
    header = [f"{token_label(picture, row)} looks at", "before the edits", "with them"]
    rows = [
        (
            token_label(picture, j),
            f"{picture.shown_before[row, j]:.6f}",
            f"{picture.shown[row, j]:.6f}",
        )
        for j in columns
    ]
    sums = (f"{weights[row].sum():.6f}" for weights in (picture.shown_before, picture.shown))
    return html_table(header, [*rows, ("sum", *sums)], f"Weights of {shown_name(picture)}.")


def _head_table(picture: AttentionPicture, held_out: HeldOut) -> str:
    before = f"the {picture.unit} before"
    header = [f"layer {picture.layer + 1}", "itself", before, "the start", "loss without it"]
    rows = [
        (
            head_name(index).capitalize(),
            *(f"{weight:.2f}" for weight in (row.itself, row.letter_before, row.start)),
            f"{row.rise:+.4f}",
        )
        for index, row in enumerate(held_out.heads)
    ]
    rows.append(("Equal shares", *(f"{weight:.2f}" for weight in held_out.equal), ""))
    rows.append(("All, no √D", "", "", "", f"{held_out.unscaled_rise:+.4f}"))
    texts = f"all {held_out.num_texts:,} held-out texts"
    if held_out.num_texts < held_out.num_held_out:
        texts = (
            f"{held_out.num_texts:,} of {held_out.num_held_out:,} held-out texts, evenly spaced in "
            "their list"
        )
    caption = (
        f"Mean weights on {texts}, from the third position on; their loss is "
        f"{held_out.loss:.4f} nats."
    )
    return html_table(header, rows, caption)
