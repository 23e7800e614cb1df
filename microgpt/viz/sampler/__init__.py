"""One sampling step as a picture: strip, probability bars, text so far, caption, tables.

All of them take a `SamplingView`, plain data that `SamplingTrace.view` in `microgpt.widgets` makes.
"""

from microgpt.viz.sampler.caption import sampling_caption
from microgpt.viz.sampler.figure import render_sampling
from microgpt.viz.sampler.still import draw_sampling
from microgpt.viz.sampler.tables import probs_table, seeds_table
from microgpt.viz.sampler.text_so_far import memorization_mark, text_noun
from microgpt.viz.sampler.view import PickChange, SamplingView

__all__ = [
    "PickChange",
    "SamplingView",
    "draw_sampling",
    "memorization_mark",
    "probs_table",
    "render_sampling",
    "sampling_caption",
    "seeds_table",
    "text_noun",
]
