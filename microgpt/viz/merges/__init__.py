"""The merge time machine: a text as boxes, bytes per token, and a token's family tree.

All of it takes a `MergedText`, plain data that `MergeState` in `microgpt.widgets` makes.
"""

from microgpt.viz.merges.caption import merges_caption
from microgpt.viz.merges.data import MergedText, MergeNote, TokenBox, TreeNode
from microgpt.viz.merges.labels import Label, token_label
from microgpt.viz.merges.page import merges_table, render_merges
from microgpt.viz.merges.still import draw_merges

__all__ = [
    "Label",
    "MergeNote",
    "MergedText",
    "TokenBox",
    "TreeNode",
    "draw_merges",
    "merges_caption",
    "merges_table",
    "render_merges",
    "token_label",
]
