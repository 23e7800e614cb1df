"""The X-ray: which cells each cell of an array is made of, forward and backward.

`arrays` is the plain data; `product_scene` and `broadcast_scene` say where each cell stands and
what lights with it; `page` and `still` show a scene.
"""

from microgpt.viz.xray.arrays import Broadcast, Product
from microgpt.viz.xray.page import render_xray, xray_table
from microgpt.viz.xray.still import draw_xray

__all__ = ["Broadcast", "Product", "draw_xray", "render_xray", "xray_table"]
