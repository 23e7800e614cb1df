"""One sampling step as a picture: probability bars, cumulative bar, caption, tables.

All of them take a `SamplingView`, plain data that `SamplingTrace.view` in `microgpt.widgets` makes.
"""

from microgpt.viz.sampler.caption import sampling_caption
from microgpt.viz.sampler.figure import draw_sampling
from microgpt.viz.sampler.tables import probs_table, seeds_table
from microgpt.viz.sampler.view import PickChange, SamplingView

__all__ = [
    "PickChange",
    "SamplingView",
    "draw_sampling",
    "probs_table",
    "sampling_caption",
    "seeds_table",
]
