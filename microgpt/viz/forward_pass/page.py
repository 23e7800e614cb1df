"""The HTML of a forward pass: six boxes, in which one token is lit at a time.

What a box shows of the position i, and of no other, has the class "mg-at{i}"; what belongs to the
token there has "mg-t{i}". The style sheet lights the token that is pointed at, else the one that
has the keyboard's focus, else the last.
"""

import itertools
from collections.abc import Callable

from microgpt.viz.formatting import visible
from microgpt.viz.forward_pass.activation_data import HIDDEN_LABEL, ForwardPass
from microgpt.viz.forward_pass.marks import (
    HIDDEN_COLUMNS,
    VALUE_COLUMNS,
    ProbRow,
    Square,
    column_edges,
    embedding_squares,
    hidden_squares,
    label_width,
    logit_bars,
    prob_rows,
    weight_texts,
)
from microgpt.viz.forward_pass.svg import arcs_svg, bars_svg, squares_svg
from microgpt.viz.forward_pass.texts import (
    BoxText,
    attention_sentence,
    box_texts,
    forward_caption,
    question,
)
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.table import html_table

MAX_ROWS = 60  # of the table


def render_forward_pass(forward: ForwardPass, before: ForwardPass | None = None) -> Rendered:
    """Return six boxes from text to next token as HTML, and the caption.

    The bars of the probabilities move from where they were in `before`.
    """
    texts, squares = box_texts(forward), hidden_squares(forward)
    graphics = (
        _tokens(forward),
        _embedding(forward),
        _attention(forward),
        _at_each(forward, lambda i: _hidden(squares[i], texts[3].shape[i])),
        _at_each(forward, lambda i: _logits(forward, i, texts[4].shape[i])),
        _at_each(forward, lambda i: _probs(forward, i, before)),
    )
    boxes = [
        _box(forward, index, text, graphic)
        for index, (text, graphic) in enumerate(zip(texts, graphics, strict=True))
    ]
    html = join(
        tag("h3", question(forward), css_class="q"),
        tag("div", *boxes, css_class=f"boxes last{forward.num_shown - 1}"),
        tag(
            "p",
            tag("span", tag("i"), "above 0"),
            tag("span", tag("i", css_class="below"), "below 0"),
            tag("span", "the larger, the further from 0"),
            css_class="key",
        ),
    )
    return Rendered(html, forward_caption(forward))


def logits_table(forward: ForwardPass) -> str:
    """Return the likeliest tokens after the last one, with logit and probability, as HTML."""
    rows = [
        (
            visible(forward.labels[token]),
            f"{forward.logits[-1, token]:.6f}",
            f"{forward.probs[-1, token]:.6f}",
        )
        for token in forward.ranked_ids[-1, :MAX_ROWS].tolist()
    ]
    caption = f"after the last {forward.unit}"
    return html_table((forward.unit, "logit", "probability"), rows, caption)


def _box(forward: ForwardPass, index: int, text: BoxText, graphic: Markup) -> Markup:
    """Return a box; the last three name the token that is lit."""
    lit: str = ""
    if index >= 3:
        after = tag("span", "after", css_class="after") if index > 3 else ""
        tiles = _spans_at_each([_tile(label) for label in forward.shown_labels()])
        lit = tag("span", after, tiles, css_class="lit")
    shape = text.shape[0] if len(text.shape) == 1 else _spans_at_each(list(text.shape))
    return tag(
        "section",
        tag("h4", tag("span", str(index + 1), css_class="step"), text.title, lit),
        tag("p", text.sentence, css_class="lab what"),
        tag("div", graphic, css_class="graphic"),
        tag("p", tag("span", shape), tag("span", text.notebook), css_class="lab foot"),
        css_class="box",
    )


def _at_each(forward: ForwardPass, draw: Callable[[int], Markup]) -> Markup:
    return join(*(tag("div", draw(i), css_class=f"at at{i}") for i in range(forward.num_shown)))


def _spans_at_each(texts: list[str]) -> Markup:
    return join(*(tag("span", text, css_class=f"at at{i}") for i, text in enumerate(texts)))


def _tile(label: str) -> Markup:
    return tag("span", label, css_class="tile small")


def _columns(forward: ForwardPass, cells: list[Markup], is_focusable: bool = False) -> Markup:
    """Return a column for each token shown, its tile above its cell; "…" stands for the others."""
    edges = column_edges(forward)
    widths = [end - start for start, end in itertools.pairwise(edges)]
    template = " ".join(f"minmax(0,{1000 * width:.0f}fr)" for width in widths)
    columns = []
    num_hidden = len(cells) - forward.num_shown
    if num_hidden:
        columns.append(tag("div", _tile(HIDDEN_LABEL), cells[0], css_class="more"))
    for i, label in enumerate(forward.shown_labels()):
        attributes = (
            {"tabindex": "0", "role": "img", "aria_label": _heard(forward, i)}
            if is_focusable
            else {}
        )
        css_class = f"col t{i}"
        columns.append(
            tag("div", _tile(label), cells[num_hidden + i], css_class=css_class, **attributes)
        )
    style = f"grid-template-columns:{template}"
    return tag("div", *columns, css_class="cols", style=style, aria_hidden=not is_focusable or None)


def _heard(forward: ForwardPass, position: int) -> str:
    """Return what the six boxes show of a token, in words."""
    label, token = forward.shown_labels(12)[position], forward.shown_ids[position]
    likely = ", ".join(
        f"{row.label} {row.prob}" for row in prob_rows(forward, position) if row.share is not None
    )
    return (
        f"{label}, token {token}. Attention: {attention_sentence(forward, position)}. "
        f"Likeliest after it: {likely}."
    )


def _tokens(forward: ForwardPass) -> Markup:
    digits = max(len(str(token)) for token in forward.shown_ids)
    num_columns = len(column_edges(forward)) - 1
    size = "large" if digits <= 2 and num_columns <= 4 else ""
    if digits * num_columns > 20:  # wider than the columns: every other one stands lower
        size = "stagger"
    arrow = tag("i", css_class="arrow")
    cells = [
        join(arrow, tag("span", str(token), css_class=f"id {size}")) for token in forward.shown_ids
    ]
    if num_columns > forward.num_shown:
        cells.insert(0, Markup(""))
    return _columns(forward, cells, is_focusable=True)


def _embedding(forward: ForwardPass) -> Markup:
    cells = [squares_svg(squares, VALUE_COLUMNS) for squares in embedding_squares(forward)]
    if forward.num_tokens > forward.num_shown:
        cells.insert(0, Markup(""))
    label = "the numbers of each token as squares below it"
    return tag("div", _columns(forward, cells), css_class="fill", role="img", aria_label=label)


def _attention(forward: ForwardPass) -> Markup:
    """Return arcs from the lit token to those it takes from, above the tokens and the weights."""
    weights = [forward.column_weights(i) for i in range(forward.num_shown)]
    arcs = [
        tag("div", arcs_svg(row, column_edges(forward)), css_class=f"arcs at at{i}")
        for i, row in enumerate(weights)
    ]
    cells = [
        tag("span", _spans_at_each(list(texts)), css_class="weight")
        for texts in zip(*map(weight_texts, weights), strict=True)
    ]
    label = attention_sentence(forward, forward.num_shown - 1)
    return tag(
        "div", *arcs, _columns(forward, cells), css_class="fill low", role="img", aria_label=label
    )


def _hidden(squares: list[Square], heard: str) -> Markup:
    svg = squares_svg(squares, HIDDEN_COLUMNS)
    return tag("div", svg, css_class="fill middle", role="img", aria_label=heard)


def _logits(forward: ForwardPass, position: int, heard: str) -> Markup:
    bars = logit_bars(forward, position)
    labels = []
    for i, bar in enumerate(bars):
        if bar.label:
            centre = (i + 0.5) / len(bars)
            side = "right" if centre > 0.9 else "left" if centre < 0.1 else "centre"
            style = f"left:{percent(centre)};bottom:{percent(1 - bar.top)}"
            labels.append(tag("span", bar.label, css_class=f"name {side}", style=style))
    return tag(
        "div",
        bars_svg(bars),
        *labels,
        css_class="logits",
        role="img",
        aria_label=heard,
    )


def _probs(forward: ForwardPass, position: int, before: ForwardPass | None) -> Markup:
    """Return the likeliest tokens; the bars after the last token move from their old lengths."""
    old: list[ProbRow] = []
    if before is not None and position == forward.num_shown - 1:
        old = prob_rows(before, before.num_shown - 1)
    likeliest, rows = prob_rows(forward, position), []
    for i, row in enumerate(likeliest):
        if row.share is None:
            rows.append(
                tag("div", tag("span", row.label), tag("span", row.prob), css_class="others")
            )
            continue
        style, css_class = f"width:{percent(row.share)}", "bar"
        if i < len(old) and old[i].share is not None:
            style, css_class = f"{style};--l0:0;--w0:{percent(old[i].share or 0)}", "bar gl"
        bar = tag("span", tag("i", css_class=css_class, style=style))
        rows.append(
            tag("div", tag("span", row.label, css_class="name"), bar, tag("span", row.prob))
        )
    heard = ", ".join(f"{row.label} {row.prob}" for row in likeliest)
    style = f"--label:{label_width(likeliest):.0f}px"
    return tag("div", *rows, css_class="probs", style=style, role="img", aria_label=heard)
