"""The tables below a sampling step: probabilities by rank, and texts by seed."""

from collections.abc import Iterable

from microgpt.viz.formatting import visible
from microgpt.viz.sampler.view import SamplingView
from microgpt.viz.table import html_table

MAX_ROWS = 100


def probs_table(view: SamplingView) -> str:
    """Return probabilities and their cumulative sum by rank, with six decimals, as HTML."""
    rows = []
    for rank in range(min(MAX_ROWS, view.vocab_size)):
        label = visible(view.ranked_label(rank))
        rows.append(
            (
                f"{label} ◀ picked" if rank == view.picked_rank else label,
                rank + 1,
                f"{view.base_probs[rank]:.6f}",
                f"{view.probs[rank]:.6f}" if rank < view.num_kept else "cut",
                f"{view.cumulative[rank]:.6f}",
            )
        )
    hidden = view.vocab_size - MAX_ROWS
    caption = f"{view.unit}s by rank" + (f", {hidden:,} more not shown" if hidden > 0 else "")
    header = ("token", "rank", "chance at T = 1, no cuts", "chance now", "added up")
    return html_table(header, rows, caption)


def seeds_table(rows: Iterable[tuple[int, str, str]]) -> str:
    """Format rows (seed, text at the current parameters, text at T = 1 without filters) as HTML."""
    return html_table(("dice set", "at these dials", "at T = 1, no cuts"), rows)
