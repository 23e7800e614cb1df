"""Which rows the ledger has: all parts or the largest, one of them split, the rest folded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from microgpt.viz.residual_ledger.data import ATTENTION, LedgerPart, LedgerPicture, Piece

MAX_ROWS = 12
NUM_LARGEST = 5  # heads or neurons of a split part; the rest share a row
AXIS_ENDS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000)


@dataclass(frozen=True)
class LedgerRow:
    """A row: a part, a piece of the part above it, or (`part` None) all parts without a row.

    `index` is that of a head or a neuron; `count` is of how many parts, heads or neurons the row
    is. `pieces` are what is taken out of the model to try it without. `total` is the running
    total, None for a piece and in rows ordered by size.
    """

    part: LedgerPart | None
    share: float
    pieces: tuple[Piece, ...]
    is_piece: bool = False
    index: int | None = None
    count: int = 1
    total: float | None = None


def ledger_rows(
    parts: Sequence[LedgerPart], opened: str = "", by_size: bool = False
) -> list[LedgerRow]:
    """Return at most 12 rows; their shares, without those of pieces, add up to those of all parts.

    Parts stand in order of computation, or by size. Those that have no room, the smallest, share
    the last row.
    """
    split = next((part for part in parts if part.name == opened and part.split is not None), None)
    pieces = [] if split is None else _pieces(split, by_size)
    shown, folded = _fold(parts, split, MAX_ROWS - len(pieces))
    if by_size:
        shown = sorted(shown, key=lambda part: -abs(part.share))
    totals: Iterable[float | None] = accumulate(part.share for part in shown)
    rows: list[LedgerRow] = []
    for part, total in zip(shown, [None] * len(shown) if by_size else totals, strict=True):
        rows.append(LedgerRow(part, part.share, ((part.name, ()),), total=total))
        rows += pieces if part is split else []
    if folded:
        share = sum(part.share for part in folded)
        names = tuple((part.name, ()) for part in folded)
        total = None if by_size else sum(part.share for part in shown) + share
        rows.append(LedgerRow(None, share, names, count=len(folded), total=total))
    return rows


def _fold(
    parts: Sequence[LedgerPart], split: LedgerPart | None, max_parts: int
) -> tuple[list[LedgerPart], list[LedgerPart]]:
    """Return the parts with rows of their own, in order of computation, and all others."""
    if len(parts) <= max_parts:
        return list(parts), []
    largest = sorted(parts, key=lambda part: (part is not split, -abs(part.share)))
    names = {part.name for part in largest[: max_parts - 1]}
    return [p for p in parts if p.name in names], [p for p in parts if p.name not in names]


def _pieces(part: LedgerPart, by_size: bool) -> list[LedgerRow]:
    """Return a row for each head or neuron; if there are many, for the largest and for the rest."""
    assert part.split is not None
    name = "attn.head_out" if part.component == ATTENTION else "mlp.hidden"
    name = f"h.{part.layer}.{name}"
    by_share = np.argsort(-np.abs(part.split), kind="stable").tolist()
    has_rest = len(by_share) > NUM_LARGEST + 1
    chosen, rest = (by_share[:NUM_LARGEST], by_share[NUM_LARGEST:]) if has_rest else (by_share, [])
    if not (by_size or has_rest):
        chosen = sorted(chosen)
    rows = [
        LedgerRow(part, float(part.split[i]), ((name, (i,)),), is_piece=True, index=i)
        for i in chosen
    ]
    if rest:
        share = float(part.split[rest].sum())
        pieces = ((name, tuple(sorted(rest))),)
        rows.append(LedgerRow(part, share, pieces, is_piece=True, count=len(rest)))
    return rows


def max_rows(parts: Sequence[LedgerPart]) -> int:
    """Return how many rows there are at most, whichever part is split: that much room is kept."""
    lengths = (len(part.split) for part in parts if part.split is not None)
    return min(MAX_ROWS, len(parts) + min(max(lengths, default=0), NUM_LARGEST + 1))


def picture_rows(picture: LedgerPicture) -> list[LedgerRow]:
    """Return the rows of a picture."""
    return ledger_rows(picture.parts, picture.opened, picture.by_size)


def ledger_axis(picture: LedgerPicture, rows: Sequence[LedgerRow]) -> float:
    """Return the end of the axis, on both sides of 0: never below 1, so that little looks little.

    It holds all parts, whether or not they are split, so that it stays as rows open.
    """
    numbers = [part.share for part in picture.parts] + [row.share for row in rows]
    numbers += [row.total for row in rows if row.total is not None]
    lost = (picture.loss_without(row.pieces) for row in rows)
    largest = max(abs(number) for number in [*numbers, *(x for x in lost if x is not None)])
    return float(next((end for end in AXIS_ENDS if end >= largest), largest))
