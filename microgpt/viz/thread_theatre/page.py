"""The HTML of the thread theatre: code beside threads and arrays, the interpreter below."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from microgpt.viz.html import Markup, Rendered, join, tag
from microgpt.viz.table import html_table
from microgpt.viz.thread_theatre.caption import UNSEEN, question, theatre_caption
from microgpt.viz.thread_theatre.code import render_code
from microgpt.viz.thread_theatre.data import Scene
from microgpt.viz.thread_theatre.stage import render_stage
from microgpt.viz.thread_theatre.verdicts import render_verdicts

MAX_ROWS = 400  # of the table


class AccessRow(NamedTuple):
    """One access as a row of the table: thread "3 of block 0", element "s[35]"."""

    phase: int
    thread: str
    line: int
    operation: str
    element: str
    value: str


def render_theatre(scene: Scene, before: Scene | None = None) -> Rendered:
    """Return the view as HTML, and its caption; what happens now fades in if it is new."""
    is_new = before is not None and (before.phase, before.access) != (scene.phase, scene.access)
    html = join(
        tag("h3", question(scene), css_class="q"),
        tag("div", render_code(scene), render_verdicts(scene), css_class="left"),
        render_stage(scene, is_new),
    )
    return Rendered(html, theatre_caption(scene))


def accesses_table(phase: int, rows: Sequence[AccessRow]) -> str:
    """Return the accesses of one phase as an HTML table."""
    shown: list[Sequence[Any]] = [
        (row.thread, row.operation, row.element, row.value, row.line) for row in rows[:MAX_ROWS]
    ]
    left_out = len(rows) - len(shown)
    caption = f"phase {phase}: the first {MAX_ROWS} accesses, {left_out:,} more"
    if not left_out:
        caption = f"phase {phase}: all accesses, in the order in which they were made"
    return html_table(
        ("thread", "does", "element", "number", "line"), shown, caption, text_columns=3
    )


def render_limits() -> Markup:
    """Return what the interpreter cannot see, as a list."""
    return tag(
        "div", "The interpreter cannot see:", tag("ul", *(tag("li", text) for text in UNSEEN)),
        css_class="lab limits",
    )  # fmt: skip
