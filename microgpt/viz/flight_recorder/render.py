"""The flight recorder as HTML: the chart with its cursor, and the snapshot beside it."""

from math import isnan

from microgpt.moving_average import MEAN_OF, mean_of
from microgpt.plain_text import pluralize
from microgpt.viz.flight_recorder.caption import flight_caption
from microgpt.viz.flight_recorder.chart import HEADERS, HEIGHT, ROWS, FlightChart, flight_chart
from microgpt.viz.flight_recorder.flight import Flight
from microgpt.viz.flight_recorder.scales import Curve
from microgpt.viz.formatting import format_perplexity, visible
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.table import html_table

QUESTION = "Is it learning or memorising?"
NEAR_END = 0.97  # of the time line, where a number ends at its tick
WIDTH = 1000  # units of the stretched picture across; a unit down is a pixel
SAMPLE_LINES, SAMPLE_LENGTH = 5, 28


def render_flight(flight: Flight, before: Flight | None = None) -> Rendered:
    """Return the view of a run; nothing moves but the lines that grow, so `before` is not used."""
    chart = flight_chart(flight)
    html = join(
        tag("h3", QUESTION, css_class="q"),
        _keys(flight),
        _chart(flight, chart),
        _snapshot(flight),
    )
    return Rendered(html, flight_caption(flight))


def status_line(flight: Flight) -> str:
    """Return the status and the steps done, in words."""
    steps = pluralize(flight.steps, "step")
    if flight.status == "ready":
        return f"ready: {steps} to make"
    if flight.status == "finished":
        return f"finished: {steps}"
    return f"{flight.status}: step {flight.steps_done:,} of {flight.steps:,}"


def position_line(flight: Flight) -> str:
    """Return which of how many snapshots is shown."""
    number = len(flight.snapshots) if flight.shown is None else flight.shown + 1
    return f"snapshot {number} of {flight.num_snapshots}"


def legend(flight: Flight) -> list[tuple[str, str]]:
    """Return the marks of the loss's row, by class, and their names."""
    entries = [
        ("raw-line", "each step"), ("line", f"mean of {MEAN_OF}"), ("diamond", "held-out"),
        ("ref-line", "counted"),
    ]  # fmt: skip
    if flight.other is not None:
        entries.append(("other-line", flight.other.name))
    return entries


def _keys(flight: Flight) -> Markup:
    entries = [tag("span", tag("i", css_class=mark), name) for mark, name in legend(flight)]
    return tag(
        "div",
        tag("div", *entries, css_class="key"),
        tag("span", status_line(flight), css_class="lab status"),
        css_class="keys",
    )


def headers(flight: Flight) -> list[str]:
    """Return the line above each row of the chart."""
    clip = "" if flight.grad_clip == float("inf") else f", scaled down above {flight.grad_clip:g}"
    return ["loss, nats", "learning rate", f"gradient norm{clip}", "update / weight"]


def short_group(name: str) -> str:
    """Return the name of a group of weights as it stands above its curves."""
    return name.replace("token table", "tokens")


def _chart(flight: Flight, chart: FlightChart) -> Markup:
    parts = [
        tag("span", text, css_class="head-line", style=f"top:{top}px")
        for text, top in zip(headers(flight), HEADERS, strict=True)
    ]
    groups = [
        tag("span", tag("i", css_class=f"dash d{i}"), short_group(name), css_class="group")
        for i, name in enumerate(flight.groups)
    ]
    parts[-1] = tag(
        "span", headers(flight)[-1], *groups, css_class="head-line", style=f"top:{HEADERS[-1]}px"
    )
    parts += [
        tag("span", label.text, css_class="y", style=f"top:{label.y:.1f}px")
        for label in chart.labels
        if label.text
    ]
    plot = [_lines(chart)]
    plot += [
        tag("span", css_class="diamond", style=f"left:{percent(x)};top:{y:.1f}px")
        for x, y in chart.held_out
    ]
    plot += [
        tag("span", text, css_class="x end" if x > NEAR_END else "x", style=f"left:{percent(x)}")
        for x, text in chart.step_labels
    ]
    if chart.cursor is not None:
        left = f"left:{percent(chart.cursor)}"
        plot += [
            tag("span", css_class="cursor", style=f"{left};top:{top}px;height:{bottom - top}px")
            for top, bottom in ROWS
        ]
        plot += [
            tag("span", css_class="at", style=f"{left};top:{y:.1f}px") for y in chart.cursor_points
        ]
    if chart.head is not None:
        x, y = chart.head
        plot.append(tag("span", css_class="head", style=f"left:{percent(x)};top:{y:.1f}px"))
    return tag(
        "div", join(*parts), tag("div", *plot, css_class="plot"), css_class="hero", role="img",
        aria_label=chart.description, style=f"height:{HEIGHT}px",
    )  # fmt: skip


def _lines(chart: FlightChart) -> Markup:
    """Return all lines as one stretched picture without letters."""
    lines = [_level(y, "grid") for y in chart.grid]
    lines += [_level(y, "ref") for y in chart.baselines]
    if chart.clip is not None:
        lines.append(_level(chart.clip, "ref"))
    curves = [
        (chart.raw, "raw"), (chart.other, "other"), (chart.smooth, "curve"), (chart.lr, "curve"),
        (chart.norm, "raw"), (chart.norm_smooth, "curve"),
    ]  # fmt: skip
    lines += [_path(points, name) for points, name in curves]
    lines += [_path(points, f"ratio d{i}") for i, points in enumerate(chart.ratios)]
    return tag(
        "svg", *lines, viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none",
        aria_hidden="true",
    )  # fmt: skip


def _level(y: float, css_class: str) -> Markup:
    return tag("line", css_class=css_class, x1=0, x2=WIDTH, y1=round(y, 1), y2=round(y, 1))


def _path(points: Curve, css_class: str) -> Markup:
    pairs = "L".join(f"{WIDTH * x:.1f} {y:.1f}" for x, y in points)
    return tag("path", css_class=css_class, d=f"M{pairs}") if points else Markup("")


def _snapshot(flight: Flight) -> Markup:
    """Return the snapshot that is shown: its losses, what it writes, and the verdict."""
    snapshot = flight.snapshot
    if snapshot is None:
        lines = [tag("p", "Press Start.", css_class="b"), tag("p", flight.duration)]
        if flight.symptom:
            lines.append(tag("p", tag("b", "look for this:"), f" {flight.symptom}."))
        return tag("div", *lines, css_class="side empty")
    figures = []
    if snapshot.step:
        loss = flight.mean_before(flight.curves.losses, snapshot.step)
        figures.append(_figure(f"{loss:.2f}", f"loss, mean of {mean_of(snapshot.step)}"))
    if not isnan(snapshot.held_out):
        figures.append(
            _figure(f"{snapshot.held_out:.2f}", "held-out", tag("i", css_class="diamond"))
        )
    sample = [*flight.sample, *[""] * SAMPLE_LINES][:SAMPLE_LINES]
    return tag(
        "div",
        tag(
            "p", tag("b", f"at step {snapshot.step:,}"), f" · {position_line(flight)}",
            css_class="where",
        ),
        tag("div", *figures, css_class="figures"),
        tag("p", feels_like(flight, snapshot.held_out)),
        tag("p", f"it writes, at T = {flight.temperature:g}:", css_class="writes"),
        tag("ul", *(tag("li", _line(line)) for line in sample), css_class="sample"),
        tag("p", tag("b", f"verdict: {snapshot.verdict}"), css_class="verdict"),
        tag("p", f"{snapshot.reason[:1].upper()}{snapshot.reason[1:]}.".replace("?.", "?")),
        css_class="side",
    )  # fmt: skip


def feels_like(flight: Flight, loss: float) -> str:
    """Return what a held-out loss feels like, as a number of equally probable letters."""
    if loss > flight.uniform_loss + 0.005:
        return "worse than guessing blindly"
    return f"like choosing among {format_perplexity(loss)} {flight.unit}s"


def _line(text: str) -> str:
    """Return a line of a sample as it is shown; an empty one keeps its height."""
    return visible(text, SAMPLE_LENGTH) or "\u00a0"


def _figure(number: str, name: str, mark: Markup = Markup("")) -> Markup:  # noqa: B008
    return tag(
        "div", tag("span", number, css_class="fig"), tag("span", mark, name, css_class="lab")
    )


def flight_table(flight: Flight) -> str:
    """Return the losses of all snapshots and the dashed lines as HTML tables."""
    rows = [
        (
            f"{one.step:,}", f"{one.held_out:.4f}", f"{one.stderr:.4f}", f"{one.training:.4f}",
            one.verdict,
        )
        for one in flight.snapshots
    ]  # fmt: skip
    lines = [(name, f"{loss:.4f}") for name, loss in flight.baselines]
    return html_table(
        ("step", "held-out loss", "±", "training loss", "verdict"), rows
    ) + html_table(("dashed line", "held-out loss"), lines)
