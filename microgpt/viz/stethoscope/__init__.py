"""The chain-rule stethoscope: a graph, its backward pass edge by edge, and a curve with a tangent.

All of it takes a `BackwardReplay`, plain data that `StethoscopeState` in `microgpt.widgets` makes.
"""

from microgpt.viz.stethoscope.backward_data import (
    BackwardReplay,
    EdgeStep,
    GraphNode,
    LossCurve,
)
from microgpt.viz.stethoscope.caption import replay_caption
from microgpt.viz.stethoscope.page import render_bug_legend, render_replay, replay_table
from microgpt.viz.stethoscope.still import draw_replay

__all__ = [
    "BackwardReplay",
    "EdgeStep",
    "GraphNode",
    "LossCurve",
    "draw_replay",
    "render_bug_legend",
    "render_replay",
    "replay_caption",
    "replay_table",
]
