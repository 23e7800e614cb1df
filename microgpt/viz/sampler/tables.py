"""The tables below a sampling step: probabilities by rank, and texts by seed."""

from collections.abc import Sequence

from microgpt.viz.formatting import visible
from microgpt.viz.sampler.view import SamplingView
from microgpt.viz.table import html_table

MAX_ROWS = 100
NUMBER_WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


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
    caption = f"All {view.vocab_size:,} {view.unit}s, the most probable first"
    if hidden > 0:
        caption = f"The {MAX_ROWS} most probable of {view.vocab_size:,} {view.unit}s"
    header = (
        "token", "rank", "probability at T = 1, no cuts", "probability now",
        "cumulative probability",
    )  # fmt: skip
    return html_table(header, rows, caption)


def seeds_table(rows: Sequence[tuple[int, str, str]]) -> str:
    """Format rows (seed, text at the current parameters, text at T = 1 without filters) as HTML."""
    count = NUMBER_WORDS[len(rows)] if len(rows) < len(NUMBER_WORDS) else f"{len(rows)}"
    caption = f"{count} texts from seeds {rows[0][0]} to {rows[-1][0]}"
    return html_table(("seed", "with these dials", "at T = 1, no cuts"), rows, caption, 3)
