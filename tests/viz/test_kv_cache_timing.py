"""The bars of two timings: medians, ranges, and how many to one."""

from microgpt.viz.drawing import Rect, Text
from microgpt.viz.kv_cache_timing import CacheTimings, draw_cache_timings


def test_medians_ranges_and_the_ratio():
    drawing = draw_cache_timings(CacheTimings(64, (200.0, 100.0, 900.0), (45.0, 50.0, 40.0)))
    in_tokens = draw_cache_timings(CacheTimings(3, (2.0,), (1.0,), "token"))
    assert in_tokens.caption.startswith("3 tokens take 2 ms")
    assert drawing.caption == (
        "64 letters take 200 ms when the whole text is read again for each, and 45 ms with a KV "
        "cache (4.4 to 1): medians of 3 runs each, taken alternately."
    )
    shapes = [shape for group in drawing.groups for shape in group.shapes]
    texts = [shape.text for shape in shapes if isinstance(shape, Text)]
    assert "200 ms (100 to 900)" in texts
    assert "45 ms (40 to 50)" in texts
    recompute, cached = (shape for shape in shapes if isinstance(shape, Rect))
    assert cached.width / recompute.width == 45 / 200
    assert "<td>100.000</td><td>200.000</td><td>900.000</td>" in drawing.details_html
