"""Two bars: the time to generate the same tokens without and with a KV cache."""

from dataclasses import dataclass
from math import ceil
from statistics import median

from microgpt.plain_text import pluralize
from microgpt.viz.axis import value_ticks
from microgpt.viz.drawing import MARGIN, Drawing, Line, Rect, Text
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.table import html_table

QUESTION = "What does a KV cache save?"
MAX_OVERSHOOT = 1.5  # how far the axis reaches beyond the longer bar, for the slowest runs
WIDTH, LEFT, RIGHT = 720, 244, 560  # of the still picture, and of its bars


@dataclass(frozen=True)
class CacheTimings:
    """Milliseconds to generate `num_new_tokens` greedily, one measurement per round.

    For `recompute_ms` the whole text was recomputed for each token, for `cached_ms` keys and values
    came from a KV cache. The two ways alternated. `unit` is what a token is called.
    `planned_rounds` is how many rounds there were to be, if they were too slow for as many.
    """

    num_new_tokens: int
    recompute_ms: tuple[float, ...]
    cached_ms: tuple[float, ...]
    unit: str = "letter"
    planned_rounds: int | None = None

    @property
    def ratio(self) -> float:
        """How many times as fast the cache is: the median of the ratios within each round.

        What slows the machine down for a while slows both ways of a round, and cancels.
        """
        pairs = zip(self.recompute_ms, self.cached_ms, strict=True)
        return median(recompute / cached for recompute, cached in pairs)


@dataclass(frozen=True)
class TimingBar:
    """A bar, as shares of the axis: from 0 to `length`, with its shortest and longest time."""

    name: str
    note: str
    length: float
    low: float
    high: float
    value: str
    time_range: str


@dataclass(frozen=True)
class TimingChart:
    """The two bars, the ticks of their axis as (share, label), and how many times as fast."""

    bars: tuple[TimingBar, ...]
    ticks: tuple[tuple[float, str], ...]
    ratio: str


def render_cache_timings(timings: CacheTimings, before: CacheTimings | None = None) -> Rendered:
    """Return the two bars and the sentence that compares them; nothing moves."""
    chart = timing_chart(timings)
    figure = tag("span", chart.ratio, css_class="fig")
    axis = [tag("span", label, style=f"left:{percent(share)}") for share, label in chart.ticks]
    html = join(
        tag("h3", QUESTION, css_class="q"),
        tag("p", figure, tag("span", "times as fast", css_class="lab"), css_class="ratio"),
        tag(
            "div",
            *[_bar(bar, chart.ticks) for bar in chart.bars],
            tag("div", tag("div", *axis), css_class="axis", aria_hidden="true"),
            css_class="bars",
        ),
    )
    return Rendered(html, timing_caption(timings))


def timing_chart(timings: CacheTimings) -> TimingChart:
    """Compute the bars; the axis ends at a round number."""
    times = (timings.recompute_ms, timings.cached_ms)
    longest = max(map(median, times))
    reach = min(max(map(max, times)), MAX_OVERSHOOT * longest)
    ticks = value_ticks(0.0, reach)
    step = ticks[1] - ticks[0]
    end = step * ceil(reach / step - 1e-9)
    ticks = value_ticks(0.0, end)
    labels = [f"{tick:,g}" for tick in ticks[:-1]] + [f"{ticks[-1]:,g} ms"]
    names = (
        ("without a cache", f"computed again for every {timings.unit}"),
        ("with a cache", "keys and values are kept"),
    )
    bars = tuple(
        TimingBar(
            name, note, median(ms) / end, min(ms) / end, min(max(ms) / end, 1.0),
            f"{format_ms(median(ms))} ms", f"{format_ms(min(ms))} to {format_ms(max(ms))} ms",
        )
        for (name, note), ms in zip(names, times, strict=True)
    )  # fmt: skip
    shares = tuple((tick / end, label) for tick, label in zip(ticks, labels, strict=True))
    return TimingChart(bars, shares, f"{timings.ratio:.1f}")


def format_ms(ms: float) -> str:
    """Format milliseconds: with one decimal below 10, as an integer above."""
    return f"{ms:.1f}" if ms < 9.95 else f"{ms:,.0f}"


def timing_caption(timings: CacheTimings) -> str:
    """Say how long each way takes, and what was measured."""
    recompute, cached = median(timings.recompute_ms), median(timings.cached_ms)
    unit, ratio = timings.unit, timings.ratio
    outcome = f"{ratio:.1f} times as fast" if ratio >= 1.05 else "no faster at this length"
    num_new, rounds = timings.num_new_tokens, len(timings.cached_ms)
    runs = f"{pluralize(rounds, 'run')} each"
    if timings.planned_rounds is not None:
        runs += f" ({timings.planned_rounds} were planned, but this machine was too slow for them)"
    return (
        f"{num_new:,} {unit}{'s take' if num_new != 1 else ' takes'} {format_ms(recompute)} ms "
        f"when the whole text is read again for each, and {format_ms(cached)} ms with a KV cache: "
        f"{outcome}. Bars are medians of {runs}, taken alternately when the cell ran; thin lines "
        "reach from the fastest to the slowest. “Times as fast” is the median of the ratios of "
        "neighbouring runs; it varies with the machine and with what else it is doing."
    )


def timings_table(timings: CacheTimings) -> str:
    """Return all measured times, in the order of the rounds, as an HTML table."""
    rounds = range(1, len(timings.cached_ms) + 1)
    rows = [
        (name, *(f"{time:.3f}" for time in times))
        for name, times in (
            ("without a cache", timings.recompute_ms), ("with a cache", timings.cached_ms),
        )
    ]  # fmt: skip
    return html_table(("ms", *(f"round {number}" for number in rounds)), rows)


def _bar(bar: TimingBar, ticks: tuple[tuple[float, str], ...]) -> Markup:
    """Return a bar between its name and its median; a thin line is the range of all rounds."""
    grid = [tag("s", style=f"left:{percent(share)}") for share, _ in ticks]
    span = f"left:{percent(bar.low)};width:{percent(max(0.0, bar.high - bar.low))}"
    track = tag(
        "div",
        *grid,
        tag("u", style=f"width:{percent(bar.length)}"),
        tag("i", style=span),
        css_class="track",
        role="img",
        aria_label=f"{bar.name}: median {bar.value}, {bar.time_range}",
    )
    name = tag("div", tag("b", bar.name), tag("span", bar.note, css_class="lab"), css_class="name")
    value = tag("div", tag("b", bar.value), tag("span", bar.time_range, css_class="lab"),
                css_class="value")  # fmt: skip
    return tag("div", name, track, value, css_class="way")


def draw_cache_timings(timings: CacheTimings) -> Drawing:
    """Draw the same two bars as a still picture."""
    chart = timing_chart(timings)
    drawing = Drawing(WIDTH, 196)
    drawing.add_question(QUESTION)
    drawing.add(
        Text(WIDTH - MARGIN - 94, 38, chart.ratio, "end", 24, "light"),
        Text(WIDTH - MARGIN, 38, "times as fast", "end", fill="ink2"),
    )
    for share, label in chart.ticks:
        x = LEFT + (RIGHT - LEFT) * share
        drawing.add(Line(((x, 58), (x, 158))), Text(x, 176, label, "middle", fill="ink2"))
    for i, bar in enumerate(chart.bars):
        y = 66 + 48 * i
        low, high = (LEFT + (RIGHT - LEFT) * share for share in (bar.low, bar.high))
        drawing.add(
            Text(MARGIN, y + 14, bar.name, size=14, weight="bold"),
            Text(MARGIN, y + 31, bar.note, fill="ink2"),
            Rect(LEFT, y + 8, (RIGHT - LEFT) * bar.length, 18, "data", radius=3),
            Line(((low, y + 17), (high, y + 17)), "ink", 1.5),
            Text(RIGHT + 14, y + 14, bar.value, size=14, weight="bold"),
            Text(RIGHT + 14, y + 31, bar.time_range, fill="ink2"),
        )
    return drawing
