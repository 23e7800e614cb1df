"""The bars: one row per token, its probability now over the one at T = 1, on a round axis."""

from collections.abc import Sequence
from functools import lru_cache

from microgpt.viz.axis import percent_axis
from microgpt.viz.formatting import format_permille, format_prob, visible, width_in_em
from microgpt.viz.html import Markup, join, percent, tag
from microgpt.viz.sampler.rows import CutLine, CutRow, Row, SumRow, TokenRow, bar_rows
from microgpt.viz.sampler.view import SamplingView

LABEL_WIDTHS = (30, 44, 58, 72, 88, 104)  # pixels; the narrowest that holds all labels is taken
MAX_MEASURED_LABELS = 100
LABEL_SIZE = 13  # pixels in the widest font; fonts whose letters are narrower are set in 14
PICKED_SIGN, PICKED_WORD = " ◀", " picked"
PICKED_PIXELS = 110  # at most, with the percentage before it
# A picked bar that takes this much of the axis carries its label inside, if the axis is so wide (in
# pixels) that the label fits beside the tick of T = 1, which must be well to its left.
INSIDE = ((0.95, 160), (0.8, 190), (0.62, 245))
INSIDE_TICK = 0.25  # of the bar


def bars_axis(view: SamplingView, rows: Sequence[Row]) -> tuple[float, list[float]]:
    """Return the end and the ticks of the axis that holds all bars."""
    ranks = [row.rank for row in rows if isinstance(row, TokenRow)]
    return percent_axis(max(max(view.probs[rank], view.base_probs[rank]) for rank in ranks))


def label_width(view: SamplingView) -> int:
    """Return the width of the column of labels, the same for all states of one vocabulary."""
    if view.unit == "letter":
        return LABEL_WIDTHS[0]
    if view.vocab_size > MAX_MEASURED_LABELS:
        return LABEL_WIDTHS[-1] if view.unit == "token" else LABEL_WIDTHS[-2]
    widest = LABEL_SIZE * max(width_in_em(short_label(label)) for label in view.labels)
    return next((width for width in LABEL_WIDTHS if width >= widest), LABEL_WIDTHS[-1])


@lru_cache(maxsize=4096)
def short_label(token: str) -> str:
    """Return a token's text as the column of labels shows it: shortened where it is too wide."""
    length, label = 12, visible(token)
    while length > 2 and LABEL_SIZE * width_in_em(label) > LABEL_WIDTHS[-1]:
        length -= 1
        label = visible(token, length)
    return label


def row_label(view: SamplingView, row: TokenRow) -> str:
    """Return what stands at the end of a bar, without the word for the pick."""
    if row.is_cut:
        return "" if view.is_greedy else "cut"
    return format_permille(row.permille)


def inside_width(view: SamplingView, row: TokenRow, share: float) -> int | None:
    """Return how wide an axis must be for a label inside the bar, `None` if it never stands there.

    `share` is how much of the axis the bar takes.
    """
    tick = 0.0 if view.is_unchanged else float(view.base_probs[row.rank])
    if row.rank != view.picked_rank or tick > INSIDE_TICK * float(view.probs[row.rank]):
        return None
    return next((width for min_share, width in INSIDE if share >= min_share), None)


def bars_html(view: SamplingView, before: SamplingView | None) -> Markup:
    """Return the rows, their axis and their legend; with `before`, bars glide from there."""
    rows = bar_rows(view)
    end, ticks = bars_axis(view, rows)
    old_end = end if before is None else bars_axis(before, bar_rows(before))[0]
    lines = [
        _token_html(view, row, slot, end, before, old_end)
        if isinstance(row, TokenRow)
        else _line_html(row)
        for slot, row in enumerate(rows)
    ]
    return tag(
        "div", _axis_html(end, ticks), *lines, _legend_html(view), css_class="bars", role="group",
        aria_label=f"Probabilities of the next {view.unit}",
        style=f"--lab:{label_width(view)}px",
    )  # fmt: skip


def _axis_html(end: float, ticks: Sequence[float]) -> Markup:
    numbers = [f"{100 * tick:g}" for tick in ticks]
    numbers[-1] += " %"
    marks = [
        tag(name, *children, style=f"left:{percent(tick / end)}")
        for name, texts in (("s", [()] * len(ticks)), ("span", [(text,) for text in numbers]))
        for tick, children in zip(ticks, texts, strict=True)
    ]
    return tag("div", *marks, css_class="axis", aria_hidden="true")


def _token_html(
    view: SamplingView, row: TokenRow, slot: int, end: float, before: SamplingView | None,
    old_end: float,
) -> Markup:  # fmt: skip
    rank, is_picked = row.rank, row.rank == view.picked_rank
    now, base = float(view.probs[rank]) / end, float(view.base_probs[rank]) / end
    old_now = old_base = None
    if before is not None:
        old_now = float(before.probs[rank]) / old_end
        old_base = float(before.base_probs[rank]) / old_end
    show_base = not view.is_unchanged
    extent = max(now, base) if show_base else now
    old_extent = None if old_now is None or old_base is None else max(old_now, old_base)
    text = row_label(view, row)
    inside = inside_width(view, row, now)
    parts = [_bar_html("ghost", base, old_base)] if show_base else []
    if not row.is_cut:
        text_inside = (
            []
            if inside is None
            else [tag("span", text + PICKED_SIGN + PICKED_WORD, css_class="inside")]
        )
        parts.append(_bar_html("bar", now, old_now, *text_inside))
    if show_base and not row.is_cut:
        parts.append(_mark_html("tick", base, old_base))
    sign = (PICKED_SIGN, tag("em", PICKED_WORD)) if is_picked else ()
    if text:
        parts.append(_mark_html("value", extent, old_extent, text, *sign))
    label = short_label(view.ranked_label(rank))
    numbers = _numbers(view, row)
    track = tag("div", *parts, css_class="track" + f" in{inside}" * bool(inside))
    return tag(
        "div", tag("b", label), track,
        tag("span", tag("b", label), f" {numbers}", css_class="readout"),
        css_class="bar-row" + " picked" * is_picked + " cut-row" * row.is_cut,
        role="img", tabindex="0", data_r=slot,
        aria_label=f"{label}: {numbers}" + ", picked" * is_picked,
    )  # fmt: skip


def _numbers(view: SamplingView, row: TokenRow) -> str:
    now = "never picked" if row.is_cut else f"{format_permille(row.permille)} now"
    if row.is_cut and not view.is_greedy:
        now = "cut"
    if view.is_unchanged:
        return now
    return f"{now}, {format_prob(float(view.base_probs[row.rank]))} at T = 1"


def _bar_html(name: str, width: float, old: float | None, *children: str) -> Markup:
    moves = old is not None and abs(old - width) > 1e-4
    style = f"width:{percent(width)}" + (f";--l0:0%;--w0:{percent(old or 0)}" if moves else "")
    return tag("span", *children, css_class=name + " gl" * moves, style=style)


def _mark_html(name: str, left: float, old: float | None, *children: str) -> Markup:
    moves = old is not None and abs(old - left) > 1e-4
    style = f"left:{percent(left)}" + (f";--l0:{percent(old or 0)}" if moves else "")
    return tag("span", *children, css_class=name + " gx" * moves, style=style)


def _line_html(row: SumRow | CutLine | CutRow) -> Markup:
    if isinstance(row, CutLine):
        return tag("div", tag("span", row.text), css_class="text-row cut-line")
    if isinstance(row, SumRow) and row.is_before_pick:
        return tag("div", tag("span", row.text), css_class="text-row")
    swatch = tag("i", css_class="hatch" if isinstance(row, CutRow) else "")
    return tag("div", swatch, tag("span", row.text), css_class="text-row")


def base_name(view: SamplingView) -> str:
    """Return what the legend calls the probabilities beside those of now."""
    has_cuts = view.num_kept < view.vocab_size and not view.is_greedy
    return "at T = 1, no cuts" if has_cuts else "at T = 1"


def _legend_html(view: SamplingView) -> Markup:
    """Return the legend; it is empty while now is T = 1, and keeps its height."""
    if view.is_unchanged:
        return tag("div", css_class="key")
    now = tag("span", tag("i", css_class="greedy" if view.is_greedy else ""), "now")
    base = tag("span", tag("i", css_class="tick"), base_name(view))
    return tag("div", join(now, base), css_class="key")
