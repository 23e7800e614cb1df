"""A sampling step as a still picture."""

from microgpt.viz.drawing import Drawing
from microgpt.viz.sampler.view import SamplingView


def draw_sampling(view: SamplingView, model: str, seed: int, compact: bool = False) -> Drawing:
    return Drawing()
