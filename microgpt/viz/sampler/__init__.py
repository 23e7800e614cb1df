"""Dial and dice: one choice of a next token as bars, strip, dart and sentence.

Everything drawn is a `SampledToken`; nothing is computed here but places on the page.
"""

from microgpt.viz.sampler.caption import sentence
from microgpt.viz.sampler.figure import draw
from microgpt.viz.sampler.tables import five_texts, likelihood, numbers

__all__ = ["draw", "five_texts", "likelihood", "numbers", "sentence"]
