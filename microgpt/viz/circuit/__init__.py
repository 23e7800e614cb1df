"""A circuit while it forms: the loss, what heads look at and what they are worth, step by step.

All of it takes a `CircuitPicture`, plain data that `CircuitFormation` in `microgpt.widgets` makes.
"""

from microgpt.viz.circuit.caption import circuit_caption
from microgpt.viz.circuit.data import CircuitPicture
from microgpt.viz.circuit.page import circuit_table, render_circuit
from microgpt.viz.circuit.still import draw_circuit

__all__ = [
    "CircuitPicture",
    "circuit_caption",
    "circuit_table",
    "draw_circuit",
    "render_circuit",
]
