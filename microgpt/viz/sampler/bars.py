"""Probability bars, one row per token: filled for the current probability, outlined for T = 1."""

from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.formatting import (
    FILTER_NAMES,
    format_permille,
    format_prob,
    to_permille,
    visible,
)
from microgpt.viz.sampler.view import SamplingView

ROW_HEIGHT, RIGHT = 15, 490
LABEL_SPACE = 136  # pixels for the percentage and "picked" after a bar of 100 %


def num_token_rows(view: SamplingView, rows: int) -> int:
    """Return how many tokens get their own row: all, if the last row would hold only one."""
    return view.vocab_size if rows + 1 >= view.vocab_size else rows


def displayed_permille(view: SamplingView, rows: int) -> list[int]:
    """Round the probabilities of the rows, the last for all other tokens, to sum to 1,000 ‰."""
    probs = view.probs[: num_token_rows(view, rows)]
    return to_permille([*probs, max(0.0, 1 - probs.sum())])


def draw_bars(drawing: Drawing, view: SamplingView, top: float, rows: int) -> float:
    """Draw rows for the first ranks, and one for all others, from y = top; return their end."""
    # The end is the same for every vocabulary size, so that the cumulative bar does not jump.
    end = top + ROW_HEIGHT * (rows + 1)
    permille = displayed_permille(view, rows)
    rows = num_token_rows(view, rows)
    for rank in range(rows):
        percent = format_permille(permille[rank], kept=rank < view.num_kept)
        if view.is_greedy and rank:
            percent = ""
        _draw_row(drawing, view, top + ROW_HEIGHT * rank, rank, percent)
    if rows < view.vocab_size:
        _draw_rest(drawing, view, top + ROW_HEIGHT * rows, rows, permille[rows])
    if view.binding_filter is not None:
        # A cut among the rows is drawn below the kept ones; a cut at a later rank, below all rows.
        is_among_rows = view.num_kept <= rows
        _draw_filter_line(
            drawing, view, top + ROW_HEIGHT * view.num_kept if is_among_rows else end, rows
        )
    return end


def _draw_row(drawing: Drawing, view: SamplingView, y: float, rank: int, percent: str) -> None:
    left = 48 if view.unit == "letter" else 100
    width = RIGHT - LABEL_SPACE - left
    prob, base_prob = view.probs[rank], view.base_probs[rank]
    is_picked = rank == view.picked_rank
    label = visible(view.ranked_label(rank))
    drawing.add(Text(left - 8, y + 12, label, "end", bold=is_picked, css_class="label"))
    if rank >= view.num_kept and not view.is_greedy:
        drawing.add(
            Rect(left, y + 3, width * base_prob, ROW_HEIGHT - 5, hatch=True, css_class="filtered")
        )
    else:
        fill = "orange" if is_picked else "blue"
        drawing.add(Rect(left, y + 2, width * prob, ROW_HEIGHT - 3, fill, css_class="prob"))
    drawing.add(
        Rect(
            left, y + 2, width * base_prob, ROW_HEIGHT - 3, stroke="outline", stroke_width=1.5,
            css_class="base-prob",
        )
    )  # fmt: skip
    end = left + width * max(prob, base_prob) + 6
    if percent:
        drawing.add(Text(end, y + 12, percent, bold=is_picked, css_class="prob-label"))
    if is_picked:
        drawing.add(Text(end + 60, y + 12, "◀ picked", bold=True, css_class="picked"))


def _draw_rest(drawing: Drawing, view: SamplingView, y: float, rows: int, permille: int) -> None:
    """Draw the row for all other tokens as text, because there is no room for a bar."""
    V = view.vocab_size
    num_kept = max(0, view.num_kept - rows)
    text = f"everything else ({V - rows:,} {view.unit}s"
    text += f", {num_kept:,} kept)" if 0 < num_kept < V - rows else ")"
    if not view.is_greedy:
        text += f" {format_permille(permille, kept=num_kept > 0)}"
    drawing.add(Text(8, y + 12, text, css_class="rest"))
    if view.picked_rank >= rows:
        label, rank = visible(view.labels[view.picked_token]), f"rank {view.picked_rank + 1:,}"
        text = f"◀ picked: {label}" + (f", {rank}" if label != rank else "")
        drawing.add(Text(RIGHT, y + 12, text, "end", bold=True, css_class="picked"))


def _draw_filter_line(drawing: Drawing, view: SamplingView, y: float, rows: int) -> None:
    name = str(view.binding_filter)
    text = (
        f"{FILTER_NAMES[name]} {getattr(view.params, name):g} keeps {view.num_kept:,}, "
        f"which held {format_prob(view.kept_mass)}"
    )
    drawing.add(Line(0, y, RIGHT, y, "orange", 2, dashed=True, css_class="filter-line"))
    # The label stands below the line, where the rows are filtered and short. Below the last token
    # row it stands above the line; below the row of all other tokens, above that row, which may
    # name the pick.
    if view.num_kept < rows:
        baseline = y + 13
    else:
        baseline = y - 4 if view.num_kept <= rows else y - ROW_HEIGHT - 4
    drawing.add(Text(RIGHT, baseline, text, "end", css_class="filter-label"))
