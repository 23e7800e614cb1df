"""Two bars: the time to generate the same tokens without and with a KV cache."""

from dataclasses import dataclass
from statistics import median

from microgpt.viz.drawing import Drawing, Rect, Text
from microgpt.viz.table import html_table

WIDTH, HEIGHT, LEFT, MAX_BAR_WIDTH = 720, 84, 170, 300


@dataclass(frozen=True)
class CacheTimings:
    """Milliseconds to generate `num_new_tokens` greedily, one measurement per round.

    For `recompute_ms` the whole text was recomputed for each token, for `cached_ms` keys and values
    came from a KV cache. The two ways alternated. `unit` is what a token is called.
    """

    num_new_tokens: int
    recompute_ms: tuple[float, ...]
    cached_ms: tuple[float, ...]
    unit: str = "letter"


def draw_cache_timings(timings: CacheTimings) -> Drawing:
    """Draw the two medians as bars, with their ranges; the caption gives the ratio."""
    bars = {"read again": timings.recompute_ms, "kept in a cache": timings.cached_ms}
    medians = {name: median(times) for name, times in bars.items()}
    recompute, cached = medians.values()
    drawing = Drawing(WIDTH, HEIGHT, id_prefix="kv-cache")
    drawing.begin_group("fluid")
    for i, (name, times) in enumerate(bars.items()):
        y = 8 + 34 * i
        width = MAX_BAR_WIDTH * medians[name] / max(medians.values())
        time_range = f"{medians[name]:.0f} ms ({min(times):.0f} to {max(times):.0f})"
        drawing.add(
            Text(LEFT - 8, y + 15, name, "end"),
            Rect(LEFT, y, width, 20, "blue"),
            Text(LEFT + 8 + width, y + 15, time_range),
        )
    num_rounds = len(timings.cached_ms)
    drawing.caption = (
        f"{timings.num_new_tokens} {timings.unit}s take {recompute:.0f} ms when the whole text is "
        f"read again for each, and {cached:.0f} ms with a KV cache "
        f"({recompute / cached:.1f} to 1): medians of {num_rounds} runs each, taken alternately."
    )
    rows = [(name, *(f"{time:.3f}" for time in sorted(times))) for name, times in bars.items()]
    drawing.details_html = html_table(("way", *("ms",) * num_rounds), rows, folded=True)
    return drawing
