"""The flight recorder as HTML: the chart with its cursor, and the snapshot beside it."""

from math import isfinite

from microgpt.moving_average import MEAN_OF
from microgpt.plain_text import pluralize
from microgpt.viz.flight_recorder.caption import NOT_FINITE, flight_caption, loss_text
from microgpt.viz.flight_recorder.chart import (
    HEADERS,
    HEIGHT,
    ROWS,
    Cuts,
    FlightChart,
    flight_chart,
)
from microgpt.viz.flight_recorder.flight import Flight, FlightSnapshot
from microgpt.viz.flight_recorder.scales import Curve, thin_every
from microgpt.viz.formatting import format_perplexity, visible
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.table import html_table

QUESTION = "Is it learning or memorising?"
NEAR_END = 0.97  # of the time line, where a number ends at its tick
WIDTH = 1000  # units of the stretched picture across; a unit down is a pixel
LEADER_WIDTH = 12  # pixels
SAMPLE_LINES, SAMPLE_LENGTH = 5, 28
# Before the first step.
EMPTY = (
    "Here each snapshot shows what the model writes, its losses, and the verdict that follows.",
    "How long the run takes is measured once it runs.",
)


def render_flight(flight: Flight, before: Flight | None = None) -> Rendered:
    """Return the view of a run; nothing moves but the lines that grow, so `before` is not used."""
    chart = flight_chart(flight)
    html = join(
        tag("h3", QUESTION, css_class="q"),
        _keys(flight, chart.cuts),
        _chart(flight, chart),
        _snapshot(flight),
    )
    return Rendered(html, flight_caption(flight))


def status_line(flight: Flight) -> str:
    """Return the status, the steps done and the time left, in words."""
    steps = pluralize(flight.steps, "step")
    if flight.status == "ready":
        return f"ready: {steps} to make"
    if flight.status == "finished":
        return f"finished: {steps}"
    left = ""
    if flight.status == "running" and flight.seconds_left is not None:
        left = f", {time_left(flight.seconds_left)}"
    return f"{flight.status}: step {flight.steps_done:,} of {flight.steps:,}{left}"


def time_left(seconds: float) -> str:
    """Return a duration as it is guessed: "about 14 s left"."""
    unit, length = ("s", 1) if seconds < 90 else ("min", 60) if seconds < 5400 else ("h", 3600)
    return f"about {max(1, round(seconds / length)):,} {unit} left"


def position_line(flight: Flight) -> str:
    """Return which of how many snapshots is shown."""
    number = len(flight.snapshots) if flight.shown is None else flight.shown + 1
    return f"snapshot {number} of {flight.num_snapshots}"


def legend(flight: Flight, cuts: Cuts = ()) -> list[tuple[str, str]]:
    """Return the marks of the chart, by class, and their names."""
    every = thin_every(flight.steps)
    entries = [
        ("raw-line", "each step" if every == 1 else f"one step in {every:,}"),
        ("line", f"mean of {MEAN_OF}"), ("dot", "training"), ("diamond", "held-out"),
        ("ref-line", "baselines"),
    ]  # fmt: skip
    if flight.other is not None:
        entries.append(("other-line", f"{flight.other.name}, mean of {MEAN_OF}"))
    if any(is_above for _, _, is_above in cuts):
        entries.append(("cut-up", "above the row"))
    if not all(is_above for _, _, is_above in cuts):
        entries.append(("cut-down", "below the row"))
    return entries


def _keys(flight: Flight, cuts: Cuts) -> Markup:
    marks = legend(flight, cuts)
    entries = [tag("span", tag("i", css_class=mark), name) for mark, name in marks]
    return tag(
        "div",
        tag("div", *entries, css_class="key"),
        tag("span", status_line(flight), css_class="lab status"),
        css_class="keys",
    )


def headers(flight: Flight) -> list[str]:
    """Return the line above each row of the chart."""
    clip = "" if flight.grad_clip == float("inf") else f" (clipped at {flight.grad_clip:g})"
    return ["loss, nats", "learning rate", f"gradient norm{clip}", "update / weight"]


def short_group(name: str) -> str:
    """Return the name of a group of weights as it stands above its curves."""
    return name.replace("token table", "tokens")


def ratio_texts(flight: Flight) -> list[str]:
    """Return the update ratio of each group at the snapshot shown, such as "1.9 %", if any."""
    snapshot = flight.snapshot
    if snapshot is None or not snapshot.step or not len(flight.curves):
        return [""] * len(flight.groups)
    columns = flight.curves.update_ratios.T
    ratios = [flight.mean_before(column, snapshot.step) for column in columns]
    return [f"{100 * ratio:.2g} %" if isfinite(ratio) else "" for ratio in ratios]


def _chart(flight: Flight, chart: FlightChart) -> Markup:
    parts = [
        tag("span", text, css_class="head-line", style=f"top:{top}px")
        for text, top in zip(headers(flight), HEADERS, strict=True)
    ]
    groups = [
        tag(
            "span", tag("i", css_class=f"dash d{i}"), short_group(name),
            tag("span", text and f" {text}", css_class="ratio-text"), css_class="group",
        )
        for i, (name, text) in enumerate(zip(flight.groups, ratio_texts(flight), strict=True))
    ]  # fmt: skip
    parts[-1] = tag(
        "span", headers(flight)[-1], *groups, css_class="head-line", style=f"top:{HEADERS[-1]}px"
    )
    parts += [
        tag("span", label.text, css_class="y", style=f"top:{label.y:.1f}px")
        for label in chart.labels
        if label.text
    ]
    parts.append(_leaders(chart))
    plot = [_lines(chart)]
    plot += [
        tag("span", css_class=name, style=f"left:{percent(x)};top:{y:.1f}px")
        for name, points in (("diamond", chart.held_out), ("dot", chart.training))
        for x, y in points
    ]
    plot += [
        tag("span", css_class="cut-up" if is_above else "cut-down",
            style=f"left:{percent(x)};top:{y:.1f}px")
        for x, y, is_above in chart.cuts
    ]  # fmt: skip
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


def _leaders(chart: FlightChart) -> Markup:
    """Return short lines from the names of the dashed lines to these."""
    lines = [
        tag("line", x1=0, x2=LEADER_WIDTH, y1=round(label, 1), y2=round(line, 1))
        for label, line in chart.leaders
    ]
    size = {"width": LEADER_WIDTH, "height": HEIGHT, "aria_hidden": "true"}
    return tag("svg", *lines, css_class="leaders", **size)


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
        return tag("div", *(tag("p", line) for line in EMPTY), css_class="side empty")
    figures = [
        _figure(f"{loss:.2f}", name, tag("i", css_class=mark))
        for loss, name, mark in snapshot_losses(snapshot)
    ]
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
        tag("p", reason_sentence(snapshot)),
        css_class="side",
    )  # fmt: skip


def snapshot_losses(snapshot: FlightSnapshot) -> list[tuple[float, str, str]]:
    """Return the two losses of which the verdict is made, each with its name and its mark.

    One that is not finite is left out: the sentences say so.
    """
    losses = (snapshot.training, "training loss", "dot"), (snapshot.held_out, "held-out", "diamond")
    return [one for one in losses if isfinite(one[0])]


def feels_like(flight: Flight, loss: float) -> str:
    """Return what a held-out loss feels like, as a number of equally probable letters."""
    if not isfinite(loss):
        return f"the held-out loss is {loss_text(loss)}"
    if loss > flight.uniform_loss + 0.005:
        return "worse than guessing blindly"
    return f"like choosing among {format_perplexity(loss)} {flight.unit}s"


def reason_sentence(snapshot: FlightSnapshot) -> str:
    """Return the reason of a verdict as a sentence."""
    reason = snapshot.reason[:1].upper() + snapshot.reason[1:]
    return reason if reason.endswith("?") else f"{reason}."


def _line(text: str) -> str:
    """Return a line of a sample as it is shown; an empty one keeps its height."""
    return visible(text, SAMPLE_LENGTH) or "\u00a0"


def _figure(number: str, name: str, mark: Markup = Markup("")) -> Markup:  # noqa: B008
    return tag(
        "div", tag("span", number, css_class="fig"), tag("span", mark, name, css_class="lab")
    )


def _in_table(number: float) -> str:
    return f"{number:.4f}" if isfinite(number) else NOT_FINITE


def flight_table(flight: Flight) -> str:
    """Return the losses of all snapshots and the dashed lines as HTML tables."""
    rows = [
        (
            f"{one.step:,}", *map(_in_table, (one.held_out, one.stderr, one.training)),
            one.verdict,
        )
        for one in flight.snapshots
    ]  # fmt: skip
    lines = [(name, f"{loss:.4f}") for name, loss in flight.baselines]
    training_rows, held_out_rows = flight.rows
    notes = (
        f"The held-out losses, those of the dashed lines too, are means over {held_out_rows}, the "
        f"training losses over {training_rows}, the same for all snapshots. A score board that "
        "holds out other texts shows other numbers.",
        "How the verdict is made, of losses rounded to hundredths; the first that holds:",
    )
    return join(
        Markup(html_table(("step", "held-out loss", "±", "training loss", "verdict"), rows)),
        Markup(html_table(("dashed line", "held-out loss"), lines)),
        tag(
            "div", *(tag("p", note) for note in notes if flight.rules),
            tag("ul", *(tag("li", f"{rule}.") for rule in flight.rules)), css_class="notes",
        ),
    )  # fmt: skip
