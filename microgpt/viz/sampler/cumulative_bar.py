"""The strip: all probabilities end to end in rank order, now above T = 1, and the dart at u."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from microgpt.viz.formatting import format_prob, quoted, visible, width_in_em
from microgpt.viz.html import Markup, percent, tag
from microgpt.viz.sampler.rows import TokenRow, bar_rows
from microgpt.viz.sampler.view import SamplingView

MAX_SEGMENTS = 40  # from there on, and from the first narrower than MIN_WIDTH on, all are one
MIN_WIDTH = 0.004  # of the strip
MAX_LINKS = 24
# A label is hidden where its segment is narrower than it: one class for each of these widths.
LABEL_PIXELS = (12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 68, 76, 84, 96, 110, 130, 150,
                190, 240)  # fmt: skip
NOW_SIZE, BASE_SIZE = 15, 13  # pixels of the letters
BOLD = 1.1  # times as wide: the label of the pick
NARROW, NARROWER = "ijlft.,:;'|!", 0.24  # by so many em than the estimate for all letters
LABEL_RIGHT_BELOW = 0.6  # up to this u, the dart's number stands to its right, else to its left


class Segment(NamedTuple):
    """Ranks `rank` to `rank + num_tokens - 1` between two cumulative sums of a strip."""

    start: float
    end: float
    rank: int
    num_tokens: int = 1
    is_picked: bool = False
    is_cut: bool = False

    def label(self, view: SamplingView) -> str:
        """Return the token's text, or how many tokens the segment stands for."""
        if self.num_tokens == 1:
            return visible(view.ranked_label(self.rank))
        # A pick in the tail is shown above it, and so it is none of the tokens that are left.
        has_pick = self.rank <= view.picked_rank < self.rank + self.num_tokens
        count = f"{self.num_tokens - has_pick:,} more"
        return f"{count}, cut" if self.is_cut else count


@lru_cache(maxsize=8)
def strip_segments(view: SamplingView, is_base: bool) -> tuple[Segment, ...]:
    """Return the segments of the strip now or at T = 1 (`is_base`), from left to right.

    The tail is one segment, two at T = 1 if some of it is cut. A pick in the tail follows as a
    segment of its own, which lies above it.
    """
    edges = view.base_cumulative if is_base else view.cumulative
    num_ranks = view.vocab_size if is_base else view.num_kept
    picked, found, start = view.picked_rank, list[Segment](), 0.0
    for rank in range(num_ranks):
        end = min(1.0, float(edges[rank]))
        if rank >= MAX_SEGMENTS or end - start < MIN_WIDTH:
            for first, last in _tail_spans(rank, view.num_kept, num_ranks):
                last_edge = 1.0 if last == num_ranks else float(edges[last - 1])
                is_cut = first >= view.num_kept
                found.append(Segment(start, last_edge, first, last - first, is_cut=is_cut))
                start = last_edge
            if picked >= rank:
                found.append(Segment(*_span(view, picked, is_base), picked, is_picked=True))
            return tuple(found)
        found.append(Segment(start, end, rank, 1, rank == picked, is_cut=rank >= view.num_kept))
        start = end
    return tuple(found)


def _tail_spans(rank: int, num_kept: int, num_ranks: int) -> Iterator[tuple[int, int]]:
    if rank < num_kept < num_ranks:
        yield rank, num_kept
        yield num_kept, num_ranks
    else:
        yield rank, num_ranks


def strip_links(view: SamplingView) -> list[tuple[float, float, int]]:
    """Return (edge now, edge at T = 1, rank) of the segments that both strips show."""
    now, base = (
        {segment.rank for segment in strip_segments(view, is_base) if segment.num_tokens == 1}
        for is_base in (False, True)
    )
    ranks = [rank for rank in sorted(now & base) if rank < min(view.num_kept - 1, MAX_LINKS)]
    return [
        (float(view.cumulative[rank]), float(view.base_cumulative[rank]), rank) for rank in ranks
    ]


def dart_label(view: SamplingView) -> tuple[str, str]:
    """Return the sign that stands above the strip at u, and what stands beside it."""
    if view.is_greedy:
        return "▽", "the dart is not used"
    return "▼", f"{view.u:.3f}" + (" by hand" if view.u_is_fixed else "")


def strip_html(view: SamplingView, before: SamplingView | None) -> Markup:
    """Return the dart, both strips and the lines between them; with `before`, edges glide."""
    rows = enumerate(bar_rows(view))
    slots = {row.rank: slot for slot, row in rows if isinstance(row, TokenRow)}
    old_picked = None if before is None else before.picked_rank

    def segments_html(is_base: bool) -> list[Markup]:
        return [
            _segment_html(view, segment, slots.get(segment.rank), is_base, before, old_picked)
            for segment in strip_segments(view, is_base)
        ]

    pick = quoted(view.labels[view.picked_token])
    dart = "the dart is not used" if view.is_greedy else f"the dart at {view.u:.3f} is in {pick}"
    return tag(
        "div",
        tag("div", _dart_html(view, before), css_class="air"),
        tag("span", "now", css_class="name"),
        tag("div", *segments_html(is_base=False), css_class="now"),
        _links_html(view, before),
        tag("span", "T = 1", css_class="base-name"),
        tag("div", *segments_html(is_base=True), css_class="base"),
        css_class="strip",
        role="img",
        aria_label="All probabilities end to end, the most probable first, now and at T = 1; "
        f"{dart}",
    )


def _dart_html(view: SamplingView, before: SamplingView | None) -> Markup:
    sign, text = dart_label(view)
    side = "right" if view.u < LABEL_RIGHT_BELOW else "left"
    css_class = "dart-line" + " hollow" * view.is_greedy + " gd" * _is_new_throw(view, before)
    return tag(
        "div", tag("i", sign), tag("span", text, css_class=side), css_class=css_class,
        style=_left(view.u),
    )  # fmt: skip


def _is_new_throw(view: SamplingView, before: SamplingView | None) -> bool:
    """Return whether the dart was thrown since `before`: not moved by hand, nor brought back."""
    if before is None or view.u == before.u or view.u_is_fixed or view.is_greedy:
        return False
    return view.num_new_tokens >= before.num_new_tokens or before.is_finished


def _segment_html(
    view: SamplingView, segment: Segment, slot: int | None, is_base: bool,
    before: SamplingView | None, old_picked: int | None,
) -> Markup:  # fmt: skip
    width = segment.end - segment.start
    style = f"{_left(segment.start)};width:{percent(width)}"
    css_class = "segment" + " picked" * segment.is_picked + " cut" * segment.is_cut
    css_class += " rest" * (segment.num_tokens > 1)
    if before is not None:
        old_start, _ = _span(before, segment.rank, is_base)
        _, old_end = _span(before, segment.rank + segment.num_tokens - 1, is_base)
        if max(abs(old_start - segment.start), abs(old_end - segment.end)) > 1e-4:
            css_class += " gl"
            style += f";--l0:{percent(old_start)};--w0:{percent(max(0.0, old_end - old_start))}"
    text, change = segment.label(view), ""
    if not is_base and segment.num_tokens == 1 and old_picked not in (None, view.picked_rank):
        change = "gp" if segment.is_picked else "gu" if segment.rank == old_picked else ""
    plain_size = BASE_SIZE if is_base or segment.num_tokens > 1 else NOW_SIZE
    size = plain_size * (BOLD if segment.is_picked else 1.0)
    title = None
    if slot is None:
        title = text if segment.num_tokens > 1 else f"{text}: {format_prob(width)}"
    return tag(
        "div", _label_html(text, change, size), css_class=css_class, style=style, data_r=slot,
        title=title,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _label_html(text: str, change: str, size: float) -> Markup:
    needed = size * (width_in_em(text) - NARROWER * sum(char in NARROW for char in text))
    label_class = next((f"w{p}" for p in LABEL_PIXELS if p >= needed), f"w{LABEL_PIXELS[-1]}")
    return tag("i", tag("b", text, css_class=label_class), css_class=change)


def _links_html(view: SamplingView, before: SamplingView | None) -> Markup:
    shapes = []
    if not view.is_greedy or view.picked_rank == 0:
        shapes.append(_band_html(view, before))
    for now, base, rank in strip_links(view):
        a, k = 1000 * now, 10 * (base - now)
        style, css_class = f"transform:matrix(1,0,{k:.4f},1,{a:.2f},0)", ""
        if before is not None:
            (_, old_now), (_, old_base) = _span(before, rank, False), _span(before, rank, True)
            old_a, old_k = 1000 * old_now, 10 * (old_base - old_now)
            if abs(old_a - a) > 0.1 or abs(old_k - k) > 0.001:
                style, css_class = f"{style};--a0:{old_a:.2f};--k0:{old_k:.4f}", "ge"
        shapes.append(tag("line", x1=0, y1=0, x2=0, y2=100, style=style, css_class=css_class))
    return tag(
        "svg", *shapes, css_class="links", viewBox="0 0 1000 100", preserveAspectRatio="none",
        aria_hidden="true",
    )  # fmt: skip


def picked_band(view: SamplingView) -> tuple[float, float, float, float]:
    """Return the edges of the pick: left and right now, left and right at T = 1."""
    return *_span(view, view.picked_rank, False), *_span(view, view.picked_rank, True)


def _span(view: SamplingView, rank: int, is_base: bool) -> tuple[float, float]:
    edges = view.base_cumulative if is_base else view.cumulative
    return float(edges[rank - 1]) if rank else 0.0, min(1.0, float(edges[rank]))


def _band_html(view: SamplingView, before: SamplingView | None) -> Markup:
    left, right, base_left, base_right = (1000 * edge for edge in picked_band(view))
    path = f"M{left:.1f} 0H{right:.1f}L{base_right:.1f} 100H{base_left:.1f}Z"
    moved = before is not None and picked_band(before) != picked_band(view)
    return tag("path", d=path, css_class="gi" if moved else "")


def _left(share: float) -> str:
    return f"left:{percent(share)}"
