"""Draw the attention of one layer, which can be edited, and what the edits do to the guess."""

from microgpt.viz.editable_attention.caption import attention_caption
from microgpt.viz.editable_attention.data import (
    CUT,
    MASK,
    MAX_SHOWN,
    OFF,
    UNSCALED,
    AttentionEdit,
    AttentionPicture,
    CellArithmetic,
    CellEffects,
)
from microgpt.viz.editable_attention.labels import edit_label, token_label
from microgpt.viz.editable_attention.page import grid_class, render_attention
from microgpt.viz.editable_attention.still import draw_attention
from microgpt.viz.editable_attention.table import HeadRow, HeldOut, attention_table

__all__ = [
    "CUT",
    "MASK",
    "MAX_SHOWN",
    "OFF",
    "UNSCALED",
    "AttentionEdit",
    "AttentionPicture",
    "CellArithmetic",
    "CellEffects",
    "HeadRow",
    "HeldOut",
    "attention_caption",
    "attention_table",
    "draw_attention",
    "edit_label",
    "grid_class",
    "render_attention",
    "token_label",
]
