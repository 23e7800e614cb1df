"""The strip: all chances end to end in rank order, and the dart that falls on one of them."""

import numpy as np

from microgpt.sampling import Walk
from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.formatting import visible

LEFT, RIGHT = 52, 718
NARROWEST = 3.0  # pixels; the cells from the first narrower one on are drawn as one
LETTER = 10.0  # what a letter needs, with room for a panel that is narrower than drawn


def draw_strip(drawing: Drawing, walk: Walk, top: float) -> float:
    """Draw the dart, the strip of now and the strip of T = 1; return where they end."""
    choice, greedy = walk.choice, walk.dials.temperature == 0
    plain = np.cumsum(choice.base_probabilities[choice.order])
    drawing.add(Text(0, top + 29, "now"), Text(0, top + 49, "T = 1"))
    _draw_cells(drawing, walk, choice.cumulative, top + 14, 20, now=True)
    _draw_cells(drawing, walk, plain, top + 37, 16, now=False)
    x = _place(choice.u)
    if greedy:
        drawing.add(Text(x, top + 11, "▽", "middle", fill="orange", role="dart"))
        said = "the dice are not used"
    else:
        drawing.add(
            Text(x, top + 11, "▼", "middle", fill="orange", role="dart"),
            Line(x, top + 12, x, top + 53, "orange", 2, role="dart-line"),
        )
        said = f"{choice.u:.3f}" + (" by hand" if walk.turn.placed is not None else "")
    side = 12 if choice.u < 0.75 else -12
    drawing.add(Text(x + side, top + 10, said, "start" if side > 0 else "end", role="dart-u"))
    return top + 53


def _place(share: float) -> float:
    return LEFT + (RIGHT - LEFT) * share


def _draw_cells(
    drawing: Drawing, walk: Walk, edges: np.ndarray, y: float, height: float, now: bool
) -> None:
    choice = walk.choice
    start, count = 0.0, choice.kept if now else len(choice.order)
    for rank in range(count):
        end = min(1.0, float(edges[rank]))
        width = (RIGHT - LEFT) * (end - start)
        picked = now and rank == choice.rank
        if width < NARROWEST and rank < count - 1 and not picked:
            _draw_many(drawing, walk, start, y, height, now, rank)
            return
        cut = not now and rank >= choice.kept and walk.dials.temperature > 0
        drawing.add(
            Rect(
                _place(start), y, width, height, "pale" if now else "none", "outline",
                hatch=cut, role="cell" if now else "cell-plain",
            )
        )  # fmt: skip
        if picked:
            drawing.add(
                Rect(_place(start), y, width, height, "none", "orange", 3, role="cell-picked")
            )
        label = visible(walk.origin.label(int(choice.order[rank])))
        if width > LETTER * len(label) + 2 and not cut:
            x = _place((start + end) / 2)
            drawing.add(Text(x, y + height / 2 + 5, label, "middle", strong=picked))
        start = end


def _draw_many(
    drawing: Drawing, walk: Walk, start: float, y: float, height: float, now: bool, rank: int
) -> None:
    """The tail as one cell, with the pick outlined inside it."""
    choice = walk.choice
    cut = not now and rank >= choice.kept
    width = _place(1.0) - _place(start)
    drawing.add(Rect(_place(start), y, width, height, "ground", "outline", hatch=cut))
    if now and choice.rank >= rank:
        left = float(choice.cumulative[choice.rank - 1])
        narrow = max(2.0, _place(float(choice.cumulative[choice.rank])) - _place(left))
        drawing.add(Rect(_place(left), y, narrow, height, "none", "orange", 3, role="cell-picked"))
    many = f"{(choice.kept if now else len(choice.order)) - rank:,} more"
    if width > LETTER * len(many) and not cut:
        drawing.add(Text(_place((1 + start) / 2), y + height / 2 + 5, many, "middle"))
