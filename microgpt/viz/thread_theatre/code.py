"""The kernel's source, with the line that runs now."""

from microgpt.viz.html import Markup, join, tag
from microgpt.viz.thread_theatre.data import CodeLine, Scene
from microgpt.viz.thread_theatre.wording import code_pieces, hanging_indent


def render_code(scene: Scene) -> Markup:
    """Return the lines; each is a button that chooses it: `data-pick` is its number.

    The panel's script sets that in the number box of the panel. The chosen line alone can be
    reached with Tab, its neighbours with the arrow keys.
    """
    numbers = [line.number for line in scene.code]
    first = scene.line if scene.line in numbers else numbers[0]
    lines = [_line(line, scene.line, line.number == first) for line in scene.code]
    return tag("div", *lines, css_class="code", role="group", aria_label=f"the kernel {scene.name}")


def _line(line: CodeLine, chosen: int | None, has_tab: bool) -> Markup:
    is_chosen = line.number == chosen
    css_class = "line" + " chosen" * is_chosen + " touches" * line.has_accesses
    indent = hanging_indent(line)
    return tag(
        "div",
        tag("span", str(line.number), css_class="nr"),
        tag("code", *_breakable(line.text.strip()), style=f"--indent:{indent}ch"),
        css_class=css_class, role="button", tabindex="0" if has_tab else "-1",
        data_pick=line.number, aria_pressed="true" if is_chosen else "false",
    )  # fmt: skip


def _breakable(text: str) -> list[Markup]:
    """Return a line that may be broken after a bracket, and not between `def` and a name."""
    pieces = code_pieces(text.replace("def ", "def\u00a0", 1)) or ["\u00a0"]
    return [join(piece, Markup("<wbr>") if piece.endswith("(") else "") for piece in pieces]
