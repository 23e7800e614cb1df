"""One picture of a forward pass: tokens, embedding, attention, MLP, logits, probabilities.

All of it takes a `ForwardPass`, plain data that `run_forward_pass` in `microgpt.widgets` makes.
"""

from microgpt.viz.forward_pass.activation_data import ForwardPass, first_shown
from microgpt.viz.forward_pass.page import logits_table, render_forward_pass
from microgpt.viz.forward_pass.still import draw_forward_pass
from microgpt.viz.forward_pass.texts import forward_caption

__all__ = [
    "ForwardPass",
    "draw_forward_pass",
    "first_shown",
    "forward_caption",
    "logits_table",
    "render_forward_pass",
]
