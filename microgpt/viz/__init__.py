"""Pictures: pure functions from data to a matplotlib figure; no pyplot, no global state."""

from microgpt.viz.losses import plot_losses

__all__ = ["plot_losses"]
