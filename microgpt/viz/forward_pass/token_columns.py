"""Columns of tokens in a box, and what is shown only while a token is lit, as HTML."""

import itertools
from collections.abc import Callable

from microgpt.viz.forward_pass.activation_data import HIDDEN_LABEL, ForwardPass
from microgpt.viz.forward_pass.marks import column_edges
from microgpt.viz.html import Markup, join, tag


def at_each(forward: ForwardPass, draw: Callable[[int], Markup]) -> Markup:
    """Return what `draw` makes of each position; one of them is shown at a time."""
    return join(*(tag("div", draw(i), css_class=f"at at{i}") for i in range(forward.num_shown)))


def spans_at_each(texts: list[str]) -> Markup:
    """Return a text for each position; one of them is shown at a time."""
    return join(*(tag("span", text, css_class=f"at at{i}") for i, text in enumerate(texts)))


def tile(label: str) -> Markup:
    """Return the small tile of a token."""
    return tag("span", label, css_class="tile small")


def token_columns(
    forward: ForwardPass, cells: list[Markup], heard: list[str] | None = None
) -> Markup:
    """Return a column for each token shown, its tile above its cell; "…" stands for the others.

    With `heard`, a description of each token shown, the columns can have the keyboard's focus.
    """
    edges = column_edges(forward)
    widths = [end - start for start, end in itertools.pairwise(edges)]
    template = " ".join(f"minmax(0,{1000 * width:.0f}fr)" for width in widths)
    columns = []
    num_hidden = len(cells) - forward.num_shown
    if num_hidden:
        columns.append(tag("div", tile(HIDDEN_LABEL), cells[0], css_class="more"))
    for i, label in enumerate(forward.shown_labels()):
        attributes = {"tabindex": "0", "role": "img", "aria_label": heard[i]} if heard else {}
        css_class = f"col t{i}"
        columns.append(
            tag("div", tile(label), cells[num_hidden + i], css_class=css_class, **attributes)
        )
    style = f"grid-template-columns:{template}"
    return tag("div", *columns, css_class="cols", style=style, aria_hidden=not heard or None)
