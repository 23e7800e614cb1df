"""The text as boxes, one for each token, those of a chunk close together."""

from itertools import groupby

from microgpt.viz.html import Markup, tag
from microgpt.viz.merges.data import MergedText, TokenBox

MAX_LARGE = 48  # bytes of a text with large boxes
# CSS class of a box -> what it means.
KEY = (
    ("byte", "one byte"),
    ("merged", "glued by merges"),
    ("merged new", "glued by the last merge"),
)


def render_boxes(merged: MergedText, before: MergedText | None) -> Markup:
    """Return the boxes; those that are new since `before` join the row.

    A box is a button that chooses it: `data-pick` is its number in the number box of the panel,
    which the panel's script sets. The chosen one alone can be reached with Tab, its neighbours with
    the arrow keys.
    """
    known = _extents(before) if before is not None and before.text == merged.text else None
    pieces = []
    numbered = enumerate(merged.boxes)
    for _, chunk in groupby(numbered, key=lambda item: item[1].chunk):
        boxes = [
            _box(merged, index, box, known is not None and _extent(box) not in known)
            for index, box in chunk
        ]
        pieces.append(tag("span", *boxes, css_class="chunk"))
    css_class = "boxes" + " many" * has_small_boxes(merged)
    return tag("div", *pieces, css_class=css_class, role="group", aria_label="the tokens")


def render_key() -> Markup:
    """Return what the looks of a box mean."""
    marks = (
        tag("span", tag("i", css_class=f"token {css_class}"), meaning) for css_class, meaning in KEY
    )
    return tag("p", *marks, css_class="lab box-key")


def has_small_boxes(merged: MergedText) -> bool:
    """Whether a text is so long that its boxes are small, whatever is merged."""
    return merged.num_bytes > MAX_LARGE


def _box(merged: MergedText, index: int, box: TokenBox, joins: bool) -> Markup:
    is_chosen = index == merged.chosen
    css_class = (
        "token" + " merged" * bool(box.merge) + " as-bytes" * box.label.is_bytes
        + " chosen" * is_chosen + " new" * box.is_new + " gj" * joins
    )  # fmt: skip
    return tag(
        "span", box.label.shown, css_class=css_class, role="button",
        tabindex="0" if is_chosen else "-1", data_pick=index + 1,
        aria_pressed="true" if is_chosen else "false",
        aria_label=f"token {index + 1}: {box.label.shown}",
    )  # fmt: skip


def _extent(box: TokenBox) -> tuple[int, int]:
    return box.start, len(box.content)


def _extents(merged: MergedText) -> set[tuple[int, int]]:
    return set(map(_extent, merged.boxes))
