"""The bars: one row a token, filled for the chance now, outlined for the chance at T = 1."""

from microgpt.sampling import Walk
from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.formatting import per_cent, share, tenths, visible

ROW, RIGHT = 15, 490
AFTER = 136  # what the chance and the word "picked" need behind a bar of 100 %
CUTS = {"top_k": "top-k", "top_p": "top-p", "min_p": "min-p"}


def shown_tenths(walk: Walk, rows: int) -> list[int]:
    """What the rows display, in tenths of a per cent that sum to 1,000; the last is all else."""
    choice, V = walk.choice, len(walk.choice.order)
    rows = V if rows + 1 >= V else rows
    now = choice.probabilities[choice.order[:rows]]
    return tenths([*now, max(0.0, 1 - now.sum())])


def draw_bars(drawing: Drawing, walk: Walk, top: float, rows: int) -> float:
    """Draw the `rows` first ranks and everything else below y = top; return where they end."""
    choice, V = walk.choice, len(walk.choice.order)
    ends = top + ROW * (rows + 1)  # the same for every vocabulary: nothing below may jump
    shown = shown_tenths(walk, rows)
    rows = V if rows + 1 >= V else rows
    left = 48 if walk.origin.unit == "letter" else 100
    now, plain = choice.probabilities[choice.order], choice.base_probabilities[choice.order]
    greedy = walk.dials.temperature == 0
    for rank in range(rows):
        kept = rank < choice.kept
        said = "" if greedy and rank else per_cent(shown[rank], kept)
        label = visible(walk.origin.label(int(choice.order[rank])))
        _draw_row(
            drawing, left, top + ROW * rank, label, now[rank], plain[rank], said,
            cut=not kept and not greedy, picked=rank == choice.rank,
        )  # fmt: skip
    bottom = top + ROW * rows
    if rows < V:
        still = max(0, choice.kept - rows)
        said = "" if greedy else per_cent(shown[rows], still > 0)
        what = f"everything else ({V - rows:,} {walk.origin.unit}s"
        what += f", {still:,} kept)" if 0 < still < V - rows else ")"
        _draw_rest(drawing, bottom, what, now[rows:].sum(), plain[rows:].sum(), said, walk, rows)
    if choice.binding_filter is not None:
        # A cut among the rows is drawn below what it keeps; one further down below all rows.
        within = choice.kept <= rows
        _draw_cut(drawing, walk, top + ROW * choice.kept if within else ends, rows)
    return ends


def _draw_row(
    drawing: Drawing, left: float, y: float, label: str, now: float, plain: float, said: str,
    cut: bool, picked: bool,
) -> None:  # fmt: skip
    scale = RIGHT - AFTER - left
    drawing.add(Text(left - 8, y + 12, label, "end", strong=picked, role="label"))
    if cut:
        drawing.add(Rect(left, y + 3, scale * plain, ROW - 5, hatch=True, role="cut"))
    else:
        fill = "orange" if picked else "blue"
        drawing.add(Rect(left, y + 2, scale * now, ROW - 3, fill, role="now"))
    drawing.add(
        Rect(left, y + 2, scale * plain, ROW - 3, stroke="outline", thick=1.5, role="outline")
    )
    end = left + scale * max(now, plain) + 6
    if said:
        drawing.add(Text(end, y + 12, said, strong=picked, role="chance"))
    if picked:
        drawing.add(Text(end + 60, y + 12, "◀ picked", strong=True, role="picked"))


def _draw_rest(
    drawing: Drawing, y: float, what: str, now: float, plain: float, said: str, walk: Walk,
    rows: int,
) -> None:  # fmt: skip
    """The row of everything else: its bar is thin, its words need the room."""
    start = 8
    drawing.add(Text(start, y + 12, f"{what} {said}".rstrip(), role="rest"))
    if walk.choice.rank >= rows:
        label, rank = (
            visible(walk.origin.label(walk.choice.token)),
            f"rank {walk.choice.rank + 1:,}",
        )
        picked = f"◀ picked: {label}" + (f", {rank}" if label != rank else "")
        drawing.add(Text(RIGHT, y + 12, picked, "end", strong=True, role="picked"))


def _draw_cut(drawing: Drawing, walk: Walk, y: float, rows: int) -> None:
    choice, dials = walk.choice, walk.dials
    held = walk.uncut.cumulative[choice.kept - 1]
    binding = str(choice.binding_filter)
    said = f"{CUTS[binding]} {getattr(dials, binding):g} keeps {choice.kept:,}"
    said += f", which held {share(held)}"
    drawing.add(Line(0, y, RIGHT, y, "orange", 2, dashed=True, role="cut-line"))
    # Below the line, where the rows are cut and short; a line below all rows is labelled above.
    below = choice.kept < rows
    above = y - 4 if choice.kept <= rows else y - ROW - 4  # the last row may name the pick
    drawing.add(Text(RIGHT, y + 13 if below else above, said, "end", role="cut-label"))
