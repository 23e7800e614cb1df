"""The family tree of a token: its bytes, and above them what each merge made of its two parts."""

from microgpt.plain_text import pluralize
from microgpt.viz.html import Markup, percent, tag
from microgpt.viz.merges.data import MergedText, TreeNode

# A label is hidden where its bar is narrower than it: the smallest of these widths that is enough.
WIDTHS = (16, 22, 30, 40, 52, 66, 82, 100, 124, 160, 220, 320)  # pixels
BAR_PADDING = 4


def render_tree(merged: MergedText) -> Markup:
    """Return the tree of the chosen token under what is known of it."""
    box = merged.chosen_box
    size = len(box.content)
    bars = [_bar(node, size) for node in merged.tree]
    steps = "; ".join(f"{note.left.shown} + {note.right.shown}" for note in merged.merges)
    return tag(
        "div",
        tag("p", tag("span", box.label.quoted, css_class="b"), " · ", token_facts(merged),
            css_class="lab what"),
        tag("div", tag("div", *bars, css_class="bars", role="img",
                       style=f"--own:{merged.tree[0].level};--bytes:{size}",
                       aria_label=f"how {box.label.shown} was made: {steps or 'it is one byte'}"),
            css_class="room", style=f"--levels:{merged.levels}"),
        css_class="tree",
    )  # fmt: skip


def token_facts(merged: MergedText) -> str:
    """Return the size, the id and the merge of the chosen token."""
    box = merged.chosen_box
    facts = [pluralize(len(box.content), "byte"), f"id {box.token:,}"]
    if box.merge:
        facts.append(f"merge {box.merge:,}")
    return " · ".join(facts)


def needed_width(text_width: float) -> int:
    """Return the width in pixels that a bar must have for a label, one of WIDTHS."""
    return next((width for width in WIDTHS if width >= text_width + BAR_PADDING), WIDTHS[-1])


def merge_text(node: TreeNode) -> str:
    """Return which merge made a node, as in "merge 4"; "" for a byte."""
    return f"merge {node.merge:,}" if node.merge else ""


def merge_width(text: str) -> float:
    """Estimate the width of such a text in pixels, never too small."""
    return 7.5 * len(text)


def _merge_label(node: TreeNode) -> Markup:
    """Return which merge made a node; a narrow bar has its number alone, a narrower one nothing."""
    text = merge_text(node)
    word, number = text.split()
    return tag(
        "small",
        tag("span", f"{word} ", css_class=f"need-{needed_width(merge_width(text))}"),
        number,
        css_class=f"need-{needed_width(merge_width(number))}",
    )


def _bar(node: TreeNode, size: int) -> Markup:
    label = tag("span", node.label.shown, css_class=f"need-{needed_width(node.label.width)}")
    number = _merge_label(node) if node.merge else ""
    style = (
        f"left:{percent(node.start / size)};width:{percent(node.num_bytes / size)};"
        f"--level:{node.level}"
    )
    css_class = "bar" + " byte" * (node.level == 0) + " as-bytes" * node.label.is_bytes
    title = f"{node.label.shown}: {merge_text(node)}" if node.merge else node.label.shown
    return tag("div", tag("div", label, number), css_class=css_class, style=style, title=title)
