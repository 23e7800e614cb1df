"""The HTML of the network: four boxes, from the embeddings to the probabilities."""

from microgpt.viz.formatting import visible, visible_input
from microgpt.viz.forward_pass.svg import squares_svg
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.network_diagram.data import (
    HIDDEN_COLUMNS,
    STRIP_COLUMNS,
    NetworkPass,
    box_texts,
    network_caption,
    question,
)
from microgpt.viz.table import html_table


def render_network(shown: NetworkPass, before: NetworkPass | None = None) -> Rendered:
    """Return the view as HTML, and its caption; nothing glides, so `before` is not used."""
    graphics = (_strips(shown), _hidden(shown), _logits(shown), _probs(shown))
    boxes = [
        tag(
            "section",
            tag("h4", title, tag("span", size, css_class="fig")),
            tag("div", graphic, css_class="graphic"),
            tag("p", *(tag("span", line) for line in lines), css_class="lab"),
            css_class="box",
        )
        for (title, size, lines), graphic in zip(box_texts(shown), graphics, strict=True)
    ]
    key = tag(
        "p", tag("span", tag("i"), "above 0"), tag("span", tag("i", css_class="below"), "below 0"),
        tag("span", "the larger, the further from 0"), css_class="key",
    )  # fmt: skip
    html = join(
        tag("h3", question(shown), css_class="q"), key, tag("div", *boxes, css_class="boxes")
    )
    return Rendered(html, network_caption(shown))


def network_table(shown: NetworkPass) -> str:
    """Return the logit and the probability of each token as HTML, the most probable first."""
    rows = [
        (visible(shown.labels[i]), f"{shown.logits[i]:.4f}", f"{shown.probs[i]:.4f}")
        for i in (-shown.probs).argsort(kind="stable").tolist()
    ]
    return html_table((shown.unit, "logit", "probability"), rows, f"the next {shown.unit}")


def _strips(shown: NetworkPass) -> Markup:
    rows = []
    for label, squares in zip(shown.tokens, shown.strips, strict=True):
        name = visible_input(label)
        css_class = "tile word" if len(name) > 1 else "tile"
        rows.append(tag("span", name, css_class=css_class))
        rows.append(squares_svg(squares, min(STRIP_COLUMNS, len(squares))))
    return tag("div", *rows, css_class="strips")


def _hidden(shown: NetworkPass) -> Markup:
    columns = min(HIDDEN_COLUMNS, len(shown.hidden_squares))
    return tag("div", squares_svg(shown.hidden_squares, columns), css_class="hidden")


def _logits(shown: NetworkPass) -> Markup:
    rows, columns = [], shown.logit_columns
    for labels, squares in shown.logit_rows:
        if labels:
            spans = [
                tag("span", label, css_class="word" if len(label) > 1 else "") for label in labels
            ]
            rows.append(tag("div", *spans, css_class="letters"))
        rows.append(squares_svg(squares, columns))
    return tag("div", *rows, css_class="logits", style=f"--columns:{columns}")


def _probs(shown: NetworkPass) -> Markup:
    equal = shown.equal_share / shown.axis_end
    rows = [
        tag(
            "li",
            tag("span", label),
            tag("span", tag("i", style=f"width:{percent(share)}"),
                tag("b", style=f"left:{percent(equal)}"), css_class="track"),
            tag("span", prob),
        )
        for label, share, prob in shown.prob_rows
    ]  # fmt: skip
    return tag("ol", *rows)
