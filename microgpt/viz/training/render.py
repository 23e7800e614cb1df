"""The training view as HTML: progress, the chart of losses, and a column for each snapshot."""

from functools import lru_cache
from math import exp, inf

from microgpt.plain_text import pluralize
from microgpt.viz.formatting import visible
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.origin_marks import origin_legend, origin_mark
from microgpt.viz.table import html_table
from microgpt.viz.training.caption import training_caption
from microgpt.viz.training.chart import HeldOutPoint, LossChart, Point, loss_chart
from microgpt.viz.training.columns import NUM_WAITING, Column, Sample, columns
from microgpt.viz.training.progress import TrainingProgress
from microgpt.viz.training.wording import (
    STEPS_NOTE,
    is_worse_than_uniform,
    legend_texts,
    perplexity_in_words,
)

MAX_EXPONENT = 700.0  # above it, e to the loss is no float
MINOR_TICK_TOP = 0.975  # as a share of the plot's height
QUESTION = "Is it learning?"
PLOT_WIDTH, PLOT_HEIGHT = 1000, 100  # units of the lines' view box, which is stretched


def render_training(progress: TrainingProgress, before: TrainingProgress | None = None) -> Rendered:
    """Return the view of a run; nothing moves but the lines that grow, so `before` is not used."""
    chart = loss_chart(progress)
    longest = max(len(text) for _, text in chart.ticks)
    axis = f"--mg-axis:{8 * longest + 8}px" if longest > len("3.25") else ""
    html = join(
        tag("h3", QUESTION, css_class="q"),
        _progress_line(progress),
        _legend(progress),
        _chart(chart, axis),
        _columns(progress, axis),
    )
    return Rendered(html, training_caption(progress))


def status_line(progress: TrainingProgress, with_time: bool = True) -> str:
    """Return the status, the steps done and how long they took, in words."""
    done = f"{progress.steps_done:,}"
    steps = pluralize(progress.steps, "step")
    time = (
        f" in {format_seconds(progress.seconds)}" if with_time and progress.seconds >= 0.05 else ""
    )
    if progress.status == "finished":
        return f"finished: {steps}{time}"
    if progress.status == "training" and not progress.steps_done:
        return f"training: {steps} to go"
    return f"{progress.status}: {done} of {steps}{time}"


def format_seconds(seconds: float) -> str:
    """Format a time as "0.4 s", "12 s" or "3 min 20 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s" if minutes else f"{rest} s"


def _progress_line(progress: TrainingProgress) -> Markup:
    status = tag("span", status_line(progress), css_class="lab status")
    if progress.status == "finished":
        return tag("div", status, css_class="prog")
    share = progress.steps_done / max(1, progress.steps)
    bar = tag("u", tag("i", style=f"width:{percent(share)}"), css_class="bar", aria_hidden="true")
    return tag("div", status, bar, css_class="prog")


def _legend(progress: TrainingProgress) -> Markup:
    marks = zip(("raw-line", "line", "ring"), legend_texts(progress), strict=True)
    entries = [tag("span", tag("i", css_class=mark), text) for mark, text in marks if text]
    return tag("div", *entries, css_class="key losses")


def _chart(chart: LossChart, style: str) -> Markup:
    labels = [tag("span", "loss, nats", css_class="yl")]
    labels += [tag("span", text, css_class="y", style=_top(y)) for y, text in chart.ticks]
    for line in chart.baselines:
        texts = [tag("small", text) for text in (line.name, line.loss, line.perplexity) if text]
        labels.append(tag("span", *texts, css_class="r", style=_top(line.label_y)))
    for x, text in chart.step_labels:
        left = f"left:{percent(x)}"
        labels += [
            tag("span", css_class="tick", style=left), tag("span", text, css_class="x", style=left),
        ]  # fmt: skip
    labels += [_held_out_point(point) for point in chart.held_out]
    if chart.head is not None:
        labels.append(tag("span", css_class="head", style=_at(chart.head)))
    plot = tag("div", _lines(chart), join(*labels), css_class="plot")
    return tag(
        "div", plot, css_class="hero", role="img", aria_label=chart.description,
        style=style or None,
    )  # fmt: skip


def _lines(chart: LossChart) -> Markup:
    """Return gridlines, baselines and curves as one stretched picture without letters."""
    lines = [_level(y, "grid") for y, _ in chart.ticks]
    lines += [_level(line.y, "ref") for line in chart.baselines]
    lines += [_minor_tick(x) for x in chart.minor_ticks]
    lines += [_path(chart.raw, "raw"), _path(chart.smooth, "curve")]
    return tag(
        "svg", *lines, viewBox=f"0 0 {PLOT_WIDTH} {PLOT_HEIGHT}", preserveAspectRatio="none",
        aria_hidden="true",
    )  # fmt: skip


def _level(y: float, css_class: str) -> Markup:
    y = round(PLOT_HEIGHT * y, 2)
    return tag("line", css_class=css_class, x1=0, x2=PLOT_WIDTH, y1=y, y2=y)


def _minor_tick(x: float) -> Markup:
    x, top = round(PLOT_WIDTH * x, 1), round(PLOT_HEIGHT * MINOR_TICK_TOP, 2)
    return tag("line", css_class="minor", x1=x, x2=x, y1=top, y2=PLOT_HEIGHT)


def _path(points: tuple[Point, ...], css_class: str) -> Markup:
    pairs = "L".join(f"{PLOT_WIDTH * x:.1f} {PLOT_HEIGHT * y:.2f}" for x, y in points)
    return tag("path", css_class=css_class, d=f"M{pairs}") if points else Markup("")


def _held_out_point(point: HeldOutPoint) -> Markup:
    at = _at((point.x, point.y))
    title = f"held-out loss at step {point.step:,}: {point.label}"
    return join(
        tag("span", css_class="dot", style=at, title=title),
        tag(
            "span", point.label, css_class=f"value {point.side} {point.position}".strip(), style=at
        ),
    )


def _top(y: float) -> str:
    return f"top:{percent(y)}"


def _at(point: Point) -> str:
    return f"left:{percent(point[0])};top:{percent(point[1])}"


def _columns(progress: TrainingProgress, style: str) -> Markup:
    cells = columns(progress)
    labels = [sample.label for column in cells for sample in column.samples]
    what = f"perplexity: like choosing among so many {progress.unit}s"
    if any(is_worse_than_uniform(progress, snapshot.loss) for snapshot in progress.evaluated):
        worst = perplexity_in_words(progress, inf)
        what += f"; above {progress.vocab_size:,}, {worst}"
    written = f"{progress.text_noun}s sampled at T = {progress.temperature:g}"
    return tag(
        "div",
        tag("span", "perplexity", css_class="row-name"),
        tag("div", tag("p", STEPS_NOTE), tag("p", what), css_class="what"),
        *map(_column, cells),
        origin_legend(labels, written),
        css_class="columns",
        style=f"--n:{len(cells)};{style}",
    )


@lru_cache(64)  # a finished column is drawn again while training goes on
def _column(column: Column) -> Markup:
    if column.is_waiting:
        lines = [tag("li")] * NUM_WAITING
    else:
        lines = [_sample(sample) for sample in column.samples]
    figure = tag("span", column.figure, css_class="fig")
    return tag(
        "div",
        tag("h4", column.step),
        tag("small", "perplexity", css_class="name"),
        figure,
        tag("small", column.unit, css_class="unit"),
        tag("ul", *lines) if lines else "",
        css_class="col waiting" if column.is_waiting else "col",
    )


def _sample(sample: Sample) -> Markup:
    mark = origin_mark(sample.label)
    title = f"{sample.text}: {sample.label}" if sample.label else sample.text or None
    is_cut = sample.label and sample.long != visible(sample.text, len(sample.text) + 1)
    fade = " fade" if is_cut else ""
    if sample.short == sample.long and not fade:
        css_class = "" if sample.label else "text" if sample.text else "empty"
        return tag("li", mark, tag("span", sample.long), css_class=css_class, title=title)
    return tag(
        "li", mark, tag("span", sample.long, css_class=f"long{fade}"),
        tag("span", sample.short, css_class="short fade"), title=title,
    )  # fmt: skip


def _loss_cells(loss: float, stderr: str = "") -> tuple[str, str, str]:
    perplexity = exp(loss) if loss < MAX_EXPONENT else inf
    digits = f"{perplexity:,.2f}" if perplexity < 1e6 else f"{perplexity:.2e}"
    return f"{loss:,.4f}", stderr, digits


def snapshots_table(progress: TrainingProgress) -> str:
    """Return the losses of snapshots and baselines, and all samples in full, as HTML tables."""
    rows: list[tuple[object, ...]] = [
        (f"step {one.step:,}", *_loss_cells(one.loss, f"{one.stderr:.4f}"))
        for one in progress.snapshots
    ]
    rows.append(("knowing nothing", *_loss_cells(progress.uniform_loss)))
    if progress.bigram is not None:
        rows.append(("pairs counted", *_loss_cells(progress.bigram.loss)))
    losses = html_table(("", "held-out loss", "±", "perplexity"), rows)
    samples = [
        (f"step {one.step:,}", text or "(empty)", label)
        for one in progress.snapshots
        for text, label in one.samples
    ]
    if not samples:
        return losses
    header = ("", progress.text_noun, "origin")
    return losses + html_table(header, samples, text_columns=3)
