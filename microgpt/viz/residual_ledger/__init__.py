"""Draw who voted for a token: a logit difference as a ledger of parts; and a model's size."""

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
from microgpt.viz.residual_ledger.rows import LedgerRow, ledger_rows, most_rows

__all__ = [
    "ATTENTION",
    "BIASES",
    "MLP",
    "POSITION",
    "TOKEN",
    "LedgerPart",
    "LedgerPicture",
    "LedgerRow",
    "ModelSize",
    "Piece",
    "SizePicture",
    "ledger_rows",
    "most_rows",
]
