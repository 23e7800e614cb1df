"""Marks for the origin of a generated text: ○ new, ◐ in the list, ● trained on; and their legend.

The marks are letters, so that they are read where no style sheet arrives; the style sheet hides the
letters and draws circles of one size.
"""

from collections.abc import Iterable

from microgpt.viz.drawing import Circle, Line, Shape
from microgpt.viz.html import Markup, tag

# Memorization label -> mark, CSS class.
MARKS = {
    "new": ("○", "new"),
    "in the list, not trained on": ("◐", "listed"),
    "trained on": ("●", "trained"),
}
_HALF_CIRCLE = ((0, 1), (-0.38, 0.92), (-0.71, 0.71), (-0.92, 0.38), (-1, 0))  # its lower left


def origin_mark(label: str, is_heard: bool = True) -> Markup:
    """Return the mark of a memorization label, which screen readers read out; "" for no label."""
    if label not in MARKS:
        return Markup("")
    mark, css_class = MARKS[label]
    name = {"role": "img", "aria_label": label} if is_heard else {"aria_hidden": "true"}
    return tag("i", mark, css_class=f"origin {css_class}", **name)


def origin_legend(labels: Iterable[str], before: str = "") -> Markup:
    """Return a legend of all marks, `before` in front; "" if no text has a mark."""
    if not any(label in MARKS for label in labels):
        return tag("div", before, css_class="origins") if before else Markup("")
    entries = [tag("span", origin_mark(label, is_heard=False), " ", label, " ") for label in MARKS]
    return tag("div", *[tag("span", before)] * bool(before), *entries, css_class="origins")


def draw_origin(x: float, y: float, label: str, radius: float = 4.0) -> list[Shape]:
    """Return the mark of a memorization label around (x, y), for a still picture."""
    if label not in MARKS:
        return []
    fill = "ink2" if label == "trained on" else "none"
    shapes: list[Shape] = [Circle(x, y, radius, fill, "ink2", 1.5)]
    if MARKS[label][1] == "listed":
        lower = [(x + radius * dx, y + radius * dy) for dx, dy in _HALF_CIRCLE]
        upper = [(x + radius * dx, y - radius * dy) for dx, dy in reversed(_HALF_CIRCLE)]
        shapes.append(Line((*lower, *upper), "none", fill="ink2"))
    return shapes
