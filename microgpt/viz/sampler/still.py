"""A sampling step as a still picture: like the live view, with values in place of controls."""

from microgpt.viz.drawing import MARGIN, Drawing, Line, Rect, Text
from microgpt.viz.formatting import FILTER_NAMES, format_param, width_in_em
from microgpt.viz.origin_marks import draw_origin
from microgpt.viz.sampler.bars import (
    PICKED_PIXELS,
    PICKED_SIGN,
    PICKED_WORD,
    bars_axis,
    base_name,
    inside_width,
    label_width,
    row_label,
    short_label,
)
from microgpt.viz.sampler.cumulative_bar import (
    LABEL_RIGHT_BELOW,
    Segment,
    dart_label,
    picked_band,
    strip_links,
    strip_segments,
)
from microgpt.viz.sampler.figure import key_figures
from microgpt.viz.sampler.rows import CutLine, CutRow, SumRow, TokenRow, bar_rows
from microgpt.viz.sampler.text_so_far import (
    TILE_GAP,
    mark_words,
    question,
    text_odds,
    text_tiles,
    tile_width,
)
from microgpt.viz.sampler.view import SamplingView

WIDTH, HEIGHT = 720, 492
RIGHT = WIDTH - MARGIN
STRIP_LEFT, NOW_TOP, NOW_HEIGHT, BASE_TOP, BASE_HEIGHT = 66, 74, 40, 128, 18
TILES_TOP, TILE_HEIGHT = 160, 32
COLUMNS_TOP, ROWS_TOP, ROW_HEIGHT = 232, 252, 20
VALUES_RIGHT, BARS_LEFT, FIGURES_LEFT = 196, 226, 576
VALUE_SPACE = 92  # pixels for the numbers after the bars
FIGURE_SIZES = (24, 18, 14)  # the largest that fits the column
LINE_WIDTH = 0.8  # of the estimated width, which no font reaches over several words


def draw_sampling(view: SamplingView, model: str, seed: int, compact: bool = False) -> Drawing:
    """Draw a sampling step; `model` and `seed` say where it comes from, except if compact."""
    drawing = Drawing(WIDTH, HEIGHT)
    drawing.add_question(question(view))
    if not compact:
        drawing.add(Text(RIGHT, 36, f"{model} · seed {seed}", "end", fill="ink2"))
    _draw_strip(drawing, view)
    _draw_text_so_far(drawing, view)
    _draw_values(drawing, view, compact)
    _draw_bars(drawing, view, RIGHT if compact else FIGURES_LEFT - 20)
    if compact:
        _draw_perplexity(drawing, view)
    else:
        _draw_figures(drawing, view)
    return drawing


def _to_x(share: float) -> float:
    return STRIP_LEFT + (RIGHT - STRIP_LEFT) * share


def _draw_strip(drawing: Drawing, view: SamplingView) -> None:
    now_middle, base_middle = NOW_TOP + NOW_HEIGHT / 2, BASE_TOP + BASE_HEIGHT / 2
    drawing.add(Text(MARGIN, now_middle + 5, "now", weight="bold"))
    drawing.add(Text(MARGIN, base_middle + 5, "T = 1", fill="ink2"))
    for segment in strip_segments(view, is_base=False):
        _draw_segment(drawing, view, segment, NOW_TOP, NOW_HEIGHT, is_base=False)
    for segment in strip_segments(view, is_base=True):
        _draw_segment(drawing, view, segment, BASE_TOP, BASE_HEIGHT, is_base=True)
    top, bottom = NOW_TOP + NOW_HEIGHT, BASE_TOP
    left, right, base_left, base_right = map(_to_x, picked_band(view))
    corners = ((left, top), (right, top), (base_right, bottom), (base_left, bottom))
    drawing.add(Line(corners, stroke="none", fill="mark2"))
    for now, base, _ in strip_links(view):
        drawing.add(Line(((_to_x(now), top), (_to_x(base), bottom)), stroke="hair"))
    _draw_dart(drawing, view)


def _draw_segment(
    drawing: Drawing, view: SamplingView, segment: Segment, top: float, height: float, is_base: bool
) -> None:
    left, right = _to_x(segment.start), _to_x(segment.end)
    gap = 0.0 if right > RIGHT - 1 else 1.5
    width = max(3.0 if segment.is_picked else 0.5, right - left - gap)
    if segment.is_picked:
        fill, ink = ("mark2", "ink") if is_base else ("mark", "on-mark")
    elif is_base or segment.num_tokens > 1:
        fill, ink = ("well", "ink2") if segment.is_cut else ("data2", "ink")
    else:
        fill, ink = "data", "on-data"
    drawing.add(Rect(left, top, width, height, fill, radius=2, hatch=segment.is_cut))
    label, size = segment.label(view), 13 if is_base or segment.num_tokens > 1 else 15
    text_width = size * width_in_em(label)
    if width >= text_width + 4:
        weight = "bold" if segment.is_picked else "normal"
        middle, baseline = (left + right) / 2, top + height / 2 + 0.36 * size
        drawing.add(Text(middle, baseline, label, "middle", size, weight, ink))
        if segment.is_picked and not is_base:
            ends = tuple((middle + side * text_width / 2, baseline + 4) for side in (-0.8, 0.8))
            drawing.add(Line(ends, ink, 1.5))


def _draw_dart(drawing: Drawing, view: SamplingView) -> None:
    """Draw the dart's line above and below the letters, which it never crosses, and its number."""
    x, middle = _to_x(view.u), NOW_TOP + NOW_HEIGHT / 2
    ink = "ink2" if view.is_greedy else "ink"
    for start, end in ((NOW_TOP - 3, middle - 12), (middle + 12, BASE_TOP)):
        drawing.add(Line(((x, start), (x, end)), "card", 5))
        drawing.add(Line(((x, start), (x, end)), ink, 2, dashed=view.is_greedy))
    sign, text = dart_label(view)
    fill, weight = ("ink2", "normal") if view.is_greedy else ("mark", "bold")
    offset, anchor = (11, "start") if view.u < LABEL_RIGHT_BELOW else (-11, "end")
    drawing.add(Text(x, NOW_TOP - 6, sign, "middle", weight=weight, fill=fill))
    drawing.add(Text(x + offset, NOW_TOP - 6, text, anchor, weight=weight, fill=fill))


def _draw_text_so_far(drawing: Drawing, view: SamplingView) -> None:
    labels, is_shortened = text_tiles(view)
    x, middle = float(MARGIN), TILES_TOP + TILE_HEIGHT / 2
    if is_shortened:
        drawing.add(Text(x, middle + 6, "…", size=16, fill="ink2"))
        x += 20
    for index, label in enumerate(labels):
        width, is_next = tile_width(label), index == len(labels) - 1 and not view.is_finished
        size = 16 if len(label) == 1 else 13
        ink = "mark" if is_next else "ink"
        if is_next:
            start, end = (x, TILES_TOP), (x + width, TILES_TOP + TILE_HEIGHT)
            for corner in ((start[0], end[1]), (end[0], start[1])):
                drawing.add(Line((start, corner, end), "mark", 1.5, dashed=True))
        else:
            drawing.add(Rect(x, TILES_TOP, width, TILE_HEIGHT, "well", radius=6))
        weight = "bold" if is_next else "normal"
        baseline = middle + 0.36 * size
        drawing.add(Text(x + width / 2, baseline, label, "middle", size, weight, ink))
        x += width + TILE_GAP
    baseline, label = TILES_TOP + TILE_HEIGHT + 18, view.memorization or ""
    drawing.add(*draw_origin(MARGIN + 5, baseline - 5, label))
    notes = " · ".join(filter(None, (mark_words(label), text_odds(view))))
    drawing.add(Text(MARGIN + 16 * bool(label), baseline, notes, fill="ink2"))


def _draw_values(drawing: Drawing, view: SamplingView, compact: bool) -> None:
    """Write the sampling parameters and u where the live view has its sliders."""
    params = view.params
    values = [("Temperature", format_param(float(params.temperature))), ("Dart u", f"{view.u:.3f}")]
    for name, label in FILTER_NAMES.items():
        value = getattr(params, name)
        is_off = value in (None, 0.0) or (name == "top_k" and value >= view.vocab_size)
        if not (compact and is_off):
            values.append((label, "off" if is_off else format_param(value)))
    for index, (label, value) in enumerate(values):
        y = COLUMNS_TOP + 14 + 26 * index
        is_off = value == "off" or (label == "Dart u" and view.is_greedy)
        drawing.add(
            Text(MARGIN, y, label, fill="ink2"),
            Text(VALUES_RIGHT, y, value, "end", size=14, fill="ink2" if is_off else "ink"),
            Line(((MARGIN, y + 8), (VALUES_RIGHT, y + 8)), "hair"),
        )


def _draw_bars(drawing: Drawing, view: SamplingView, right: float) -> None:
    rows, left = bar_rows(view), BARS_LEFT + label_width(view) + 8
    end, ticks = bars_axis(view, rows)
    scale = (right - VALUE_SPACE - left) / end
    bottom = ROWS_TOP + ROW_HEIGHT * 10
    for index, tick in enumerate(ticks):
        x = left + scale * tick
        unit, anchor = (" %" if tick == end else ""), "middle" if index else "start"
        drawing.add(Text(x, COLUMNS_TOP + 14, f"{100 * tick:g}{unit}", anchor, fill="ink2"))
        drawing.add(Line(((x, ROWS_TOP), (x, bottom)), "grid"))
    for index, row in enumerate(rows):
        top = ROWS_TOP + ROW_HEIGHT * index
        if isinstance(row, TokenRow):
            _draw_token_row(drawing, view, row, left, scale, end, top)
        else:
            _draw_line(drawing, row, left, right, top + 14)
    if not view.is_unchanged:
        fill = "mark" if view.is_greedy else "data"
        drawing.add(Rect(left, bottom + 8, 12, 12, fill, radius=3))
        drawing.add(Text(left + 18, bottom + 19, "now", fill="ink2"))
        drawing.add(Line(((left + 62, bottom + 7), (left + 62, bottom + 21)), "ink", 2))
        drawing.add(Text(left + 70, bottom + 19, base_name(view), fill="ink2"))


def _draw_token_row(
    drawing: Drawing, view: SamplingView, row: TokenRow, left: float, scale: float, end: float,
    top: float,
) -> None:  # fmt: skip
    now, base = (scale * float(probs[row.rank]) for probs in (view.probs, view.base_probs))
    is_picked = row.rank == view.picked_rank
    fill = "mark" if is_picked else "data"
    ink = "mark" if is_picked else "ink2" if row.is_cut else "ink"
    weight, baseline = "bold" if is_picked else "normal", top + 14.5
    label = short_label(view.ranked_label(row.rank))
    drawing.add(Text(left - 8, baseline, label, "end", 14, weight, ink))
    if row.is_cut:
        drawing.add(Rect(left, top + 3, base, 14, "soft", radius=2, hatch=True))
    else:
        if not view.is_unchanged:
            drawing.add(Rect(left, top + 3, base, 14, "data2", radius=2))
        drawing.add(Rect(left, top + 3, now, 14, fill, radius=2))
        if not view.is_unchanged:
            drawing.add(Line(((left + base - 1, top + 2), (left + base - 1, top + 18)), "card", 4))
            drawing.add(Line(((left + base - 1, top + 2), (left + base - 1, top + 18)), "ink", 2))
    extent = now if view.is_unchanged else max(now, base)
    text, inside = row_label(view, row), inside_width(view, row, now / (scale * end))
    if inside and scale * end >= inside:
        x = left + now - 8
        drawing.add(
            Text(
                x, baseline, text + PICKED_SIGN + PICKED_WORD, "end", weight="bold", fill="on-mark"
            )
        )
    else:
        fits = extent + PICKED_PIXELS < scale * end + VALUE_SPACE
        text += (PICKED_SIGN + PICKED_WORD * fits) * is_picked
        drawing.add(Text(left + extent + 8, baseline, text, weight=weight, fill=ink))


def _draw_line(
    drawing: Drawing, row: SumRow | CutLine | CutRow, left: float, right: float, baseline: float
) -> None:
    if isinstance(row, CutLine):
        x, y = BARS_LEFT + 38, baseline - 4
        end = x + 13 * LINE_WIDTH * width_in_em(row.text) + 8
        drawing.add(Line(((BARS_LEFT, y), (x - 8, y)), "ink3", 1.5, dashed=True))
        if end < right:
            drawing.add(Line(((end, y), (right, y)), "ink3", 1.5, dashed=True))
        drawing.add(Text(x, baseline, row.text))
    elif isinstance(row, SumRow) and row.is_before_pick:
        drawing.add(Text(left, baseline, row.text, fill="ink2"))
    else:
        is_cut = isinstance(row, CutRow)
        fill = "well" if is_cut else "data2"
        drawing.add(Rect(left - 20, baseline - 10, 12, 12, fill, radius=3, hatch=is_cut))
        drawing.add(Text(left, baseline, row.text, fill="ink2"))


def _draw_perplexity(drawing: Drawing, view: SamplingView) -> None:
    """Write the one figure of the compact form below the values, as the live view does."""
    name, number, unit = key_figures(view)[0]
    y = ROWS_TOP + 4 * ROW_HEIGHT
    drawing.add(
        Text(MARGIN, y, name, fill="ink2"),
        Text(MARGIN, y + 27, number, size=FIGURE_SIZES[0]),
        Text(MARGIN, y + 46, unit, fill="ink2"),
    )


def _draw_figures(drawing: Drawing, view: SamplingView) -> None:
    x, y = FIGURES_LEFT + 12, float(COLUMNS_TOP)
    drawing.add(Line(((FIGURES_LEFT, y), (FIGURES_LEFT, ROWS_TOP + 10 * ROW_HEIGHT)), "hair"))
    for name, number, unit in key_figures(view):
        weight, ink = ("bold", "mark") if name == "picked" else ("normal", "ink")
        widths = [(size, size * width_in_em(number)) for size in FIGURE_SIZES]
        size, width = next((pair for pair in widths if pair[1] < RIGHT - x), widths[-1])
        drawing.add(Text(x, y + 14, name, fill="ink2"))
        drawing.add(Text(x, y + 41, number, size=size, weight=weight, fill=ink))
        y += 41
        if name == "kept" and width + 13 * LINE_WIDTH * width_in_em(unit) < RIGHT - x:
            drawing.add(Text(x + width + 4, y, unit, fill="ink2"))
        else:
            lines = _wrap(unit)
            for i, line in enumerate(lines):
                drawing.add(Text(x, y + 19 + 17 * i, line, fill="ink2"))
            y += 19 + 17 * (len(lines) - 1)
        y += 14


def _wrap(text: str) -> list[str]:
    """Break a text of several words into two lines, the first as long as it fits the column."""
    words, first = text.split(" "), list[str]()
    while (
        words and 13 * LINE_WIDTH * width_in_em(" ".join([*first, words[0]])) < RIGHT - FIGURES_LEFT
    ):
        first.append(words.pop(0))
    return [" ".join(first), " ".join(words)] if words else [text]
