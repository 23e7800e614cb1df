"""The HTML of a circuit while it forms: three charts over the steps of training, and a text."""

from microgpt.plain_text import with_minus
from microgpt.viz.circuit.caption import circuit_caption, question
from microgpt.viz.circuit.charts import Chart, Point, charts, step_positions, step_ticks
from microgpt.viz.circuit.data import CircuitPicture
from microgpt.viz.formatting import format_prob, in_quotes
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.table import html_table


def render_circuit(shown: CircuitPicture, before: CircuitPicture | None = None) -> Rendered:
    """Return the view as HTML, and its caption; the cursor glides from where it was `before`."""
    before = shown if before is None or before.steps != shown.steps else before
    pairs = zip(charts(shown), charts(before), strict=True)
    html = join(
        tag("h3", question(shown), css_class="q"),
        _text(shown, before),
        tag("div", *(_chart(shown, before, *pair) for pair in pairs), css_class="charts"),
    )  # fmt: skip
    return Rendered(html, circuit_caption(shown))


def circuit_table(shown: CircuitPicture) -> str:
    """Return all that the lines show as an HTML table, a row for each snapshot."""
    header = ["step", "loss"]
    columns = [shown.losses]
    for layer, (what, weights) in enumerate(
        (("on the letter before", shown.previous), ("after copies", shown.following))
    ):
        for head in range(weights.shape[1]):
            header += [f"{layer + 1}.{head + 1} {what}", f"rise without {layer + 1}.{head + 1}"]
            columns += [weights[:, head], shown.rises[:, layer, head]]
    rows = [
        (f"{step:,}", *(with_minus(f"{column[index]:.4f}") for column in columns))
        for index, step in enumerate(shown.steps)
    ]
    return html_table(header, rows, "layer.head; losses in nats")


def text_note(shown: CircuitPicture) -> str:
    """Return what stands above the text."""
    return f"what head {shown.second_head + 1} of layer 2 looks at from the last letter"


def guess_note(shown: CircuitPicture) -> str:
    """Return what the probability beside the text is of."""
    return f"for {in_quotes(shown.next_letter)}, the right next letter"


def _chart(shown: CircuitPicture, before: CircuitPicture, chart: Chart, earlier: Chart) -> Markup:
    x, x_before = (float(step_positions(one)[one.snapshot]) for one in (shown, before))
    lines = [_path(((0, y), (1, y)), "grid") for y, _ in chart.ticks]
    if chart.level is not None:
        lines.append(_path(((0, chart.level[0]), (1, chart.level[0])), "ref"))
    lines += [_path(line.points, line.css_class) for line in reversed(chart.lines)]
    svg = tag("svg", *lines, viewBox="0 0 1000 100", preserveAspectRatio="none",
              aria_hidden="true")  # fmt: skip
    left = f"left:{percent(x)};--l0:{percent(x_before)}"
    spots = [
        tag("i", css_class=f"spot {line.css_class} gs",
            style=f"{left};top:{percent(line.y)};--t0:{percent(old.y)}")
        for line, old in zip(chart.lines, earlier.lines, strict=True)
    ]  # fmt: skip
    labels = [
        tag("span", text, css_class="y", style=f"top:{percent(y)}") for y, text in chart.ticks
    ]
    if chart.level is not None:
        y, text = chart.level
        labels.append(tag("span", text, css_class="level", style=f"top:{percent(y)}"))
    readings = [
        tag("li", tag("i", css_class=line.css_class), tag("span", line.name), tag("b", line.value))
        for line in chart.lines
    ]
    return tag(
        "section",
        tag("p", chart.title, css_class="lab what"),
        tag("div", svg, *labels, tag("i", css_class="now gx", style=left), *spots,
            css_class="plot", role="img", aria_label=_description(shown, chart)),
        _steps(shown),
        tag("ul", *readings, css_class="readings"),
    )  # fmt: skip


def _description(shown: CircuitPicture, chart: Chart) -> str:
    values = ", ".join(f"{line.name} {line.value}" for line in chart.lines)
    return f"{chart.title}; at step {shown.step:,}: {values}"


def _steps(shown: CircuitPicture) -> Markup:
    *others, (end, last) = step_ticks(shown)
    labels = [tag("span", text, style=f"left:{percent(x)}") for x, text in others]
    css_class = "end" * (end > 0.9)  # the word must not stick out on the right
    labels.append(tag("span", f"{last} steps", css_class=css_class, style=f"left:{percent(end)}"))
    return tag("div", *labels, css_class="x-axis")


def _text(shown: CircuitPicture, before: CircuitPicture) -> Markup:
    weights, earlier = (one.weights[one.snapshot, one.second_head] for one in (shown, before))
    last = len(shown.letters) - 1
    columns = []
    for index, letter in enumerate(shown.letters):
        css_class = "tile" + " came-next" * (index == shown.came_next) + " asks" * (index == last)
        height = f"height:{percent(weights[index])};--h0:{percent(earlier[index])}"
        bar = tag("i", css_class="gr", style=height)
        columns.append(
            tag("li", tag("span", bar, css_class="well"), tag("span", letter, css_class=css_class),
                title=f"{in_quotes(letter)}: {format_prob(float(weights[index]))}")
        )  # fmt: skip
    columns.append(
        tag("li", tag("span", css_class="well none"), tag("span", "?", css_class="tile next"))
    )
    weight = format_prob(float(weights[shown.came_next]))
    came_next = in_quotes(shown.letters[shown.came_next])
    return tag(
        "div",
        tag("p", text_note(shown), css_class="lab"),
        tag("ol", *columns, css_class="columns"),
        tag("div",
            tag("span", weight, css_class="fig"),
            tag("span", f"of it on {came_next}, which came next the last time", css_class="lab"),
            css_class="figure"),
        tag("div",
            tag("span", format_prob(float(shown.probs[shown.snapshot])), css_class="fig"),
            tag("span", guess_note(shown), css_class="lab"), css_class="figure"),
        css_class="text",
    )  # fmt: skip


def _path(points: tuple[Point, ...], css_class: str) -> Markup:
    pairs = "L".join(f"{1000 * x:.1f} {100 * y:.2f}" for x, y in points)
    return tag("path", css_class=css_class, d=f"M{pairs}")
