"""The picture of dial and dice, 720 wide: heading, bars, strip, and the text so far."""

from math import exp

from microgpt.sampling import Walk, chances_so_far, surprise
from microgpt.viz.drawing import Drawing, Text
from microgpt.viz.formatting import one_in, visible
from microgpt.viz.sampler.bars import RIGHT, draw_bars
from microgpt.viz.sampler.caption import ROWS, sentence
from microgpt.viz.sampler.cumulative_bar import draw_strip

WIDTH, HEIGHT = 720, 424
SIDE = 205  # what the controls cover on the left, where there is room for them
PATH_CHARACTERS = 23


def draw(walk: Walk, note: str = "", name: str = "mg", rows: int = 20) -> tuple[Drawing, str]:
    """The picture of where a walk stands, and the sentence that says it.

    `note`, if given, stands in the place of the sentence; `rows` is how many bars are shown.
    """
    said = note or sentence(walk, rows)
    height = HEIGHT - 15 * (20 - rows)
    drawing = Drawing(WIDTH, height, said, name)
    shown = walk.shown
    drawing.part("shifted", SIDE)
    choice = shown.choice
    # Where no cut can be seen, a count of what is kept says nothing.
    kept = f"{choice.kept:,} of {len(choice.order):,} kept · " if rows == ROWS else ""
    drawing.add(
        Text(0, 14, heading(shown), strong=True),
        Text(
            RIGHT,
            14,
            kept + f"feels like {feels_like(shown)}",
            anchor="end",
            role="kept",
        ),
    )
    bottom = draw_bars(drawing, shown, 22, rows)
    drawing.part("fluid")
    bottom = draw_strip(drawing, shown, bottom + 8)
    _draw_path(drawing, walk, bottom + 21)
    return drawing, said


def feels_like(walk: Walk) -> str:
    """The effective number of choices, e to the entropy: how many equal ones feel the same."""
    number = exp(walk.choice.entropy)
    return f"{number:,.2f}" if number < 10 else f"{number:,.1f}"


def heading(walk: Walk) -> str:
    """What the bars are about: 'next letter after "an"'."""
    unit = walk.origin.unit
    if not walk.text_tokens:
        return f"first {unit}" if walk.origin.stop is not None else f"next {unit}"
    last = walk.text_tokens[-10:]
    shown = "".join(visible(walk.origin.label(token)) for token in last)
    before = "…" if len(walk.text_tokens) > len(last) else ""
    return f'next {unit} after "{before}{shown}"'


def _draw_path(drawing: Drawing, walk: Walk, y: float) -> None:
    label = walk.origin.label
    steps = [visible(label(token)) for token in walk.text_tokens]
    if walk.ended:
        last = " → end"
    elif walk.finished:
        last = f" (16 {walk.origin.unit}s)"
    else:
        last = f" → [{visible(label(walk.choice.token))}]"
    path = " · ".join(["start", *steps])
    if len(path + last) > PATH_CHARACTERS:
        path = "start · " + "".join(steps)
    over = len(path + last) - PATH_CHARACTERS
    path = f"…{path[over + 1 :]}" if over > 0 else path
    drawing.add(Text(0, y, path + last, strong=True, role="path"))
    chances = chances_so_far(walk)
    if chances:
        drawing.add(Text(255, y, f"so far: {one_in(surprise(chances))}", role="so-far"))
    if walk.origin.mark is not None:
        mark = walk.origin.mark(walk.text) if walk.ended and walk.text else ""
        known = mark or "(its mark comes at its end)"
        if walk.finished and not mark:
            known = "(no letters)" if walk.ended else "(no mark: it has not ended)"
        drawing.add(Text(drawing.width - 2, y, known, "end", strong=bool(mark), role="mark"))
