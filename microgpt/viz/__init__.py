"""Pictures: pure functions from data to SVG text or a matplotlib figure; no pyplot, no state."""

from microgpt.viz.forward_pass import journey
from microgpt.viz.kv_cache_timing import cache_times
from microgpt.viz.losses import plot_losses
from microgpt.viz.sample_table import text_table

__all__ = ["cache_times", "journey", "plot_losses", "text_table"]
