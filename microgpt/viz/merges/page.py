"""The HTML of the merge time machine: boxes, figures, the two lines, the tree."""

from microgpt.plain_text import pluralize
from microgpt.viz.html import Markup, Rendered, join, tag
from microgpt.viz.merges.boxes import render_boxes, render_key
from microgpt.viz.merges.caption import merges_caption, question
from microgpt.viz.merges.curve import render_curve
from microgpt.viz.merges.data import MergedText
from microgpt.viz.merges.tree import render_tree
from microgpt.viz.table import html_table

MAX_ROWS = 60  # of the table


def render_merges(merged: MergedText, before: MergedText | None = None) -> Rendered:
    """Return the view as HTML, and its caption; boxes that are new since `before` join the row."""
    title = tag("h3", question(merged), css_class="q")
    if not merged.boxes:
        empty = tag("div", tag("span", "no bytes", css_class="lab"), css_class="boxes")
        return Rendered(join(title, empty), merges_caption(merged))
    html = join(
        title,
        _figures(merged),
        render_boxes(merged, before),
        render_key(),
        render_curve(merged),
        render_tree(merged),
    )
    return Rendered(html, merges_caption(merged))


def merges_table(merged: MergedText) -> str:
    """Return the tokens with their bytes, ids and merges as HTML."""
    rows = [
        (
            box.label.shown,
            " ".join(map(str, box.content)),
            len(box.content),
            f"{box.token:,}",
            f"{box.merge:,}" if box.merge else "",
        )
        for box in merged.boxes[:MAX_ROWS]
    ]
    left_out = len(merged.boxes) - len(rows)
    caption = f"the first {MAX_ROWS} tokens; {left_out} more" if left_out else "the tokens"
    header = ("token", "its bytes", "bytes", "id", "merge")
    return html_table(header, rows, caption, text_columns=2)


def _figures(merged: MergedText) -> Markup:
    tokens = pluralize(len(merged.boxes), "token").split()[1]
    return tag(
        "div",
        _figure(f"{len(merged.boxes):,}", f"{tokens} of {pluralize(merged.num_bytes, 'byte')}"),
        _figure(f"{merged.bytes_per_token:.2f}", "bytes per token"),
        css_class="figures",
    )


def _figure(number: str, label: str) -> Markup:
    return tag(
        "div",
        tag("span", number, css_class="fig"),
        tag("span", label, css_class="lab"),
        css_class="figure",
    )
