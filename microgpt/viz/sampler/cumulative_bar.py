"""The cumulative bar: all probabilities end to end in rank order, with u marking the pick."""

import numpy as np

from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.formatting import visible
from microgpt.viz.sampler.view import SamplingView

LEFT, RIGHT = 52, 718
MIN_CELL_WIDTH = 3.0  # pixels; from the first narrower cell on, all are drawn as one
CHARACTER_WIDTH = 10.0  # pixels per character, with a reserve for narrower panels


def draw_cumulative_bars(drawing: Drawing, view: SamplingView, top: float) -> float:
    """Draw u and the bars of the current probabilities and of T = 1; return the y of their end."""
    drawing.add(Text(0, top + 29, "now"), Text(0, top + 49, "T = 1"))
    _draw_cells(drawing, view, view.cumulative, top + 14, 20, is_base=False)
    _draw_cells(drawing, view, np.cumsum(view.base_probs), top + 37, 16, is_base=True)
    x = _to_x(view.u)
    if view.is_greedy:
        drawing.add(Text(x, top + 11, "▽", "middle", fill="orange", css_class="u-marker"))
        label = "the dice are not used"
    else:
        drawing.add(
            Text(x, top + 11, "▼", "middle", fill="orange", css_class="u-marker"),
            Line(x, top + 12, x, top + 53, "orange", 2, css_class="u-line"),
        )
        label = f"{view.u:.3f}" + (" by hand" if view.u_is_fixed else "")
    offset, anchor = (12, "start") if view.u < 0.75 else (-12, "end")
    drawing.add(Text(x + offset, top + 10, label, anchor, css_class="u-label"))
    return top + 53


def _to_x(cumulative: float) -> float:
    return LEFT + (RIGHT - LEFT) * cumulative


def _draw_cells(
    drawing: Drawing, view: SamplingView, edges: np.ndarray, y: float, height: float, is_base: bool
) -> None:
    """Draw a cell per token, up to its cumulative edge; `is_base`: the bar of T = 1, unfiltered."""
    start, num_cells = 0.0, view.vocab_size if is_base else view.num_kept
    for rank in range(num_cells):
        end = min(1.0, float(edges[rank]))
        width = (RIGHT - LEFT) * (end - start)
        is_picked = not is_base and rank == view.picked_rank
        if width < MIN_CELL_WIDTH and rank < num_cells - 1 and not is_picked:
            _draw_tail(drawing, view, start, y, height, rank, is_base)
            return
        is_filtered = is_base and rank >= view.num_kept and not view.is_greedy
        drawing.add(
            Rect(
                _to_x(start), y, width, height, "none" if is_base else "pale", "outline",
                hatch=is_filtered, css_class="cell-base" if is_base else "cell",
            )
        )  # fmt: skip
        if is_picked:
            drawing.add(_picked_frame(_to_x(start), y, width, height))
        label = visible(view.ranked_label(rank))
        if width > CHARACTER_WIDTH * len(label) + 2 and not is_filtered:
            x = _to_x((start + end) / 2)
            drawing.add(Text(x, y + height / 2 + 5, label, "middle", bold=is_picked))
        start = end


def _draw_tail(
    drawing: Drawing, view: SamplingView, start: float, y: float, height: float, rank: int,
    is_base: bool,
) -> None:  # fmt: skip
    """Draw all cells from `rank` on as one, with a frame around the pick if it is among them."""
    is_filtered = is_base and rank >= view.num_kept
    width = _to_x(1.0) - _to_x(start)
    drawing.add(Rect(_to_x(start), y, width, height, "background", "outline", hatch=is_filtered))
    if not is_base and view.picked_rank >= rank:
        left = _to_x(float(view.cumulative[view.picked_rank - 1]))
        picked_width = max(2.0, _to_x(float(view.cumulative[view.picked_rank])) - left)
        drawing.add(_picked_frame(left, y, picked_width, height))
    label = f"{(view.vocab_size if is_base else view.num_kept) - rank:,} more"
    if width > CHARACTER_WIDTH * len(label) and not is_filtered:
        drawing.add(Text(_to_x((1 + start) / 2), y + height / 2 + 5, label, "middle"))


def _picked_frame(x: float, y: float, width: float, height: float) -> Rect:
    return Rect(x, y, width, height, "none", "orange", 3, css_class="cell-picked")
