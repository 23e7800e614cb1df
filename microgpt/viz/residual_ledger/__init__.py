"""Draw a logit difference as a ledger of what each part contributes; and a model's size."""

from microgpt.viz.residual_ledger.caption import ledger_caption, size_caption
from microgpt.viz.residual_ledger.data import (
    ATTENTION,
    BIASES,
    MLP,
    POSITION,
    TOKEN,
    LedgerPart,
    LedgerPicture,
    ModelSize,
    Piece,
    SizePicture,
)
from microgpt.viz.residual_ledger.page import PICK_STEP, render_ledger
from microgpt.viz.residual_ledger.rows import LedgerRow, ledger_rows, max_rows
from microgpt.viz.residual_ledger.size_page import render_size
from microgpt.viz.residual_ledger.size_still import draw_size
from microgpt.viz.residual_ledger.still import draw_ledger
from microgpt.viz.residual_ledger.table import ledger_numbers, size_numbers

__all__ = [
    "ATTENTION",
    "BIASES",
    "MLP",
    "PICK_STEP",
    "POSITION",
    "TOKEN",
    "LedgerPart",
    "LedgerPicture",
    "LedgerRow",
    "ModelSize",
    "Piece",
    "SizePicture",
    "draw_ledger",
    "draw_size",
    "ledger_caption",
    "ledger_numbers",
    "ledger_rows",
    "max_rows",
    "render_ledger",
    "render_size",
    "size_caption",
    "size_numbers",
]
