"""The neighbourhood of a letter: a map of embeddings at one step, nearest letters, swaps of rows.

All of it takes an `EmbeddingMap`, plain data that `NeighbourhoodState` in `microgpt.widgets` makes.
"""

from microgpt.viz.neighbourhood.caption import map_caption
from microgpt.viz.neighbourhood.data import EmbeddingMap, MapLetter, OtherLetter, VowelCosine
from microgpt.viz.neighbourhood.label_layout import END_LABEL, layout_labels
from microgpt.viz.neighbourhood.page import map_table, render_map
from microgpt.viz.neighbourhood.still import draw_map

__all__ = [
    "END_LABEL",
    "EmbeddingMap",
    "MapLetter",
    "OtherLetter",
    "VowelCosine",
    "draw_map",
    "layout_labels",
    "map_caption",
    "map_table",
    "render_map",
]
