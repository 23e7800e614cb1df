"""Inside the boxes of attention and MLP: what they compute, and how it is added to the stream.

The residual stream is a line on the left of each box. It passes the part by, and what the part
makes of it is added to it.
"""

from microgpt.viz.forward_pass.activation_data import ForwardPass
from microgpt.viz.forward_pass.layer_texts import (
    heads_label,
    heads_sentence,
    hidden_label,
    hidden_sentence,
    sizes_label,
    stream_labels,
    takes_label,
)
from microgpt.viz.forward_pass.marks import (
    HIDDEN_COLUMNS,
    MAX_HEADS,
    MAX_VALUES,
    Square,
    column_edges,
    head_squares,
    hidden_squares,
    weight_texts,
)
from microgpt.viz.forward_pass.residual import (
    addition_squares,
    additions,
    example_index,
    example_label,
    example_sum,
)
from microgpt.viz.forward_pass.svg import arcs_svg, squares_svg, triangle_svg
from microgpt.viz.forward_pass.texts import attention_sentence
from microgpt.viz.forward_pass.token_columns import at_each, spans_at_each, token_columns
from microgpt.viz.html import Markup, join, tag


def attention_box(forward: ForwardPass) -> Markup:
    """Return arcs from the lit token to those it takes from, all heads, and the addition."""
    weights = [forward.column_weights(i) for i in range(forward.num_shown)]
    arcs = [
        tag("div", arcs_svg(row, column_edges(forward)), css_class=f"arcs at at{i}")
        for i, row in enumerate(weights)
    ]
    cells = [
        tag("span", spans_at_each(list(texts)), css_class="weight")
        for texts in zip(*map(weight_texts, weights), strict=True)
    ]
    label = attention_sentence(forward, forward.num_shown - 1)
    num_columns = len(column_edges(forward)) - 1
    heads = [
        triangle_svg(head_squares(forward, head), num_columns)
        for head in range(min(forward.num_heads, MAX_HEADS))
    ]
    takes = [takes_label(forward, i) for i in range(forward.num_shown)]
    inside = join(
        tag("p", spans_at_each(takes), css_class="lab"),
        tag(
            "div", *arcs, token_columns(forward, cells), css_class="low", role="img",
            aria_label=label,
        ),
        tag("div", *heads, css_class="heads"),
        tag("p", heads_label(forward), css_class="lab"),
        tag("p", heads_sentence(forward), css_class="lab"),
    )  # fmt: skip
    return _around(forward, 0, inside)


def mlp_box(forward: ForwardPass) -> Markup:
    """Return the numbers inside the MLP as squares, and the addition."""
    squares = hidden_squares(forward)
    labels = [hidden_label(forward, i) for i in range(forward.num_shown)]
    inside = join(
        tag("p", sizes_label(forward), css_class="lab"),
        tag(
            "div", at_each(forward, lambda i: squares_svg(squares[i], HIDDEN_COLUMNS)),
            css_class="middle",
        ),
        tag("p", spans_at_each(labels), css_class="lab"),
        tag("p", hidden_sentence(forward), css_class="lab"),
    )  # fmt: skip
    return _around(forward, 1, inside)


def _around(forward: ForwardPass, index: int, inside: Markup) -> Markup:
    """Return a part of the layer with the stream that passes it, and the sum of both."""
    squares, addition = addition_squares(forward)[index], additions(forward)[index]
    framed = [example_index(addition, i) for i in range(forward.num_shown)]
    before, added, after = (
        _term(forward, label, row, framed)
        for label, row in zip(stream_labels(forward, index), squares, strict=True)
    )
    plus = tag("i", "+", css_class="sign", aria_hidden="true")
    labels, sums = (
        [text(addition, i) for i in range(forward.num_shown)]
        for text in (example_label, example_sum)
    )
    return tag(
        "div",
        tag("div", before, css_class="term before"),
        tag("div", inside, css_class="inside"),
        tag("div", plus, added, css_class="term added"),
        tag("div", after, css_class="term sum"),
        tag(
            "p", tag("span", spans_at_each(labels)), tag("span", spans_at_each(sums)),
            css_class="lab example",
        ),
        css_class="layer",
    )  # fmt: skip


def _term(
    forward: ForwardPass, label: str, rows: list[list[Square]], framed: list[int | None]
) -> Markup:
    """Return a row of the addition: its label, and the squares of the lit position."""
    return join(
        tag("span", label, css_class="lab"),
        at_each(forward, lambda i: squares_svg(rows[i], MAX_VALUES, framed[i])),
    )
