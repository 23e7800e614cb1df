"""The HTML of the stethoscope: graph, the present edge in figures, curve, gradient."""

from microgpt.plain_text import pluralize
from microgpt.viz.html import Markup, Rendered, join, tag
from microgpt.viz.order_names import ORDER_MEANINGS, OVERWRITE_MEANING
from microgpt.viz.stethoscope.backward_data import BackwardReplay
from microgpt.viz.stethoscope.caption import edge_label, question, replay_caption
from microgpt.viz.stethoscope.curve import render_curve
from microgpt.viz.stethoscope.graph import render_graph
from microgpt.viz.stethoscope.numbers import format_number
from microgpt.viz.table import html_table

MAX_ROWS = 60  # of the table


def render_replay(replay: BackwardReplay, before: BackwardReplay | None = None) -> Rendered:
    """Return the view as HTML, and its caption; what is new since `before` fades in."""
    html = join(
        tag("h3", question(replay), css_class="q"),
        render_graph(replay, before),
        _legend(),
        _present_edge(replay),
        render_curve(replay),
        _slopes(replay),
    )
    return Rendered(html, replay_caption(replay))


def replay_table(replay: BackwardReplay) -> str:
    """Return the steps up to this position with all their factors, as HTML."""
    rows = [
        (
            edge_label(replay, step),
            replay.nodes[step.target].name,
            f"{replay.nodes[step.target].value:.6g}",
            f"{step.local_grad:.6g}",
            f"{step.upstream:.6g}",
            f"{step.contribution:.6g}",
            f"{step.total:.6g}",
        )
        for step in replay.steps_done[:MAX_ROWS]
    ]
    header = ("edge", "node", "value", "local gradient", "arrives", "contribution", "total")
    caption = "the steps so far" if rows else "no edge has been passed yet"
    return html_table(header, rows, caption, text_columns=2)


def render_bug_legend(replay: BackwardReplay) -> Markup:
    """Return what the chosen order is, and what is forgotten in it, as HTML."""
    meanings = [(replay.order, ORDER_MEANINGS[replay.order])]
    if not replay.accumulates:
        meanings.append(("forget to accumulate", OVERWRITE_MEANING))
    lines = (
        tag("p", tag("b", name), f": {meaning}", css_class="lab") for name, meaning in meanings
    )
    return join(*lines)


def _legend() -> Markup:
    """Return how a box is read; the style sheet writes the sign, which follows the layout."""
    sign = tag("span", css_class="slope", role="img", aria_label="the triangle")
    gradient = "its gradient. Back undoes the last edge."
    return tag("p", "In each box: its number and, after ", sign, gradient, css_class="lab reads")


def _present_edge(replay: BackwardReplay) -> Markup:
    """Return the arithmetic of the edge that is shown, or how to see it."""
    step = replay.current_step
    if step is None:
        count = len(replay.steps)
        done = f"All {count} edges are done." if count > 1 else "The edge is done."
        hint = (
            f"{done} Start over follows the gradients back, one edge at a time."
            if replay.is_at_end
            else f"{pluralize(count, 'edge')} to go, from {replay.result_name} back."
        )
        return tag("p", hint, css_class="edge lab rest")
    target = replay.nodes[step.target].name
    return tag(
        "div",
        tag(
            "div",
            tag("span", f"edge {replay.position} of {len(replay.steps)}", css_class="lab"),
            tag("span", edge_label(replay, step), css_class="b"),
            css_class="which",
        ),
        _figure(step.local_grad, "local gradient"),
        tag("span", "×", css_class="sign"),
        _figure(step.upstream, "gradient that arrives"),
        tag("span", "=", css_class="sign"),
        _figure(step.contribution, f"passed on to {target}", "arrives"),
        css_class="edge",
    )


def _slopes(replay: BackwardReplay) -> Markup:
    """Return the gradient of the moved leaf by this pass, and by measuring."""
    measured = replay.measured_slope
    return tag(
        "div",
        _figure(replay.final_grads[replay.leaf], "gradient by autograd", "arrives"),
        _figure(measured, "by measuring"),
        css_class="slopes",
    )


def _figure(number: float | None, label: str, css_class: str = "") -> Markup:
    return tag(
        "div",
        tag("span", "none" if number is None else format_number(number), css_class="fig"),
        tag("span", label, css_class="lab"),
        css_class=f"figure {css_class}".strip(),
    )
