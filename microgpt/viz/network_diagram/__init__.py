"""A network of a few tokens and one hidden layer, drawn with the numbers of one context.

All of it takes a `NetworkPass`, plain data that `NetworkDiagram` in `microgpt.widgets` makes.
"""

from microgpt.viz.network_diagram.data import NetworkPass
from microgpt.viz.network_diagram.page import network_table, render_network
from microgpt.viz.network_diagram.still import draw_network

__all__ = ["NetworkPass", "draw_network", "network_table", "render_network"]
