"""The HTML of the X-ray: cells that can be pointed at or focused, each with all that it lights.

What lights up with a cell is inside that cell and hidden, so one rule of the style sheet shows it:
of the cell that is pointed at, else of the one that has the keyboard's focus, else of the chosen
one. Positions are per cent of the width and pixels of the height.
"""

from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.table import html_table
from microgpt.viz.xray.arrays import Broadcast, Product
from microgpt.viz.xray.broadcast_scene import broadcast_scene
from microgpt.viz.xray.legend import legend_entries
from microgpt.viz.xray.numbers import format_element
from microgpt.viz.xray.product_scene import product_scene
from microgpt.viz.xray.scene import Box, Cell, Label, Lit, Scene, Target
from microgpt.viz.xray.sentences import (
    broadcast_caption,
    broadcast_question,
    product_question,
    product_sentence,
)

WIDE, NARROW = 2, 1  # matrices of three axes in a row


def render_xray(data: Product | Broadcast, before: object = None) -> Rendered:
    """Return the arrays as HTML and the sentence on the chosen cell; nothing moves by itself."""
    if isinstance(data, Product):
        title, stages = product_question(data), [_stage(product_scene(data))]
        caption = product_sentence(data, data.grid, data.index)
    else:
        title, caption = broadcast_question(data), broadcast_caption(data)
        if max(data.a.ndim, data.b.ndim) < 3:
            stages = [_stage(broadcast_scene(data, WIDE))]
        else:
            stages = [_stage(broadcast_scene(data, WIDE), "wide"),
                      _stage(broadcast_scene(data, NARROW), "narrow")]  # fmt: skip
    legend = _legend(data)
    return Rendered(join(tag("h3", title, css_class="q"), *stages, legend), caption)


def xray_table(data: Product | Broadcast) -> str:
    """Return all arrays with their shapes as an HTML table."""
    names = ("x", "w", "y", "dy", "dx", "dw")
    if isinstance(data, Broadcast):
        names = ("a", "b", "y", "dy", "da", "db")
    arrays = [(name, getattr(data, name)) for name in names]
    shown = [
        one for one in arrays if one[1] is not None and (data.is_backward or "d" not in one[0])
    ]
    rows = [(name, str(array.shape), _nested(array.tolist())) for name, array in shown]
    return html_table(("array", "shape", "numbers"), rows, text_columns=3)


def _nested(numbers: list | float) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(map(_nested, numbers))}]"
    return format_element(numbers)


def _legend(data: Product | Broadcast) -> Markup:
    """Return what the second channels mean: hatched copies, numbers above gradients."""
    entries = legend_entries(data)
    if not entries:
        return Markup("")
    parts = [tag("span", tag("i", css_class=swatch) if swatch else "", text)
             for swatch, text in entries]  # fmt: skip
    return tag("p", *parts, css_class="key")


def _stage(scene: Scene, css_class: str = "") -> Markup:
    style = f"max-width:{scene.width:g}px;height:{scene.height:g}px"
    parts = [_label(scene, label) for label in scene.labels]
    parts += [_cell(scene, cell) for cell in scene.cells]
    is_long = any(len(text) > 4 for cell in scene.cells for text in cell.texts)
    stage = tag("div", *parts, css_class=f"arrays{' long' * is_long}", style=style)
    return tag("div", stage, css_class=f"stage {css_class}".strip())


def _label(scene: Scene, label: Label) -> Markup:
    style = f"left:{percent(label.x / scene.width)};top:{label.y:g}px"
    return tag("span", label.text, css_class=f"label {label.anchor} {label.role}", style=style)


def _cell(scene: Scene, cell: Cell) -> Markup:
    box, last = cell.box, len(cell.texts) - 1
    style = _style(box, Box(0, 0, scene.width, 0))
    texts = [
        tag("b" if len(cell.texts) > 1 and i == last else "span", text)
        for i, text in enumerate(cell.texts)
    ]
    css_class = f"cell {cell.role}{' pair' * (last > 0)}"
    target = cell.target
    if target is None:
        return tag("div", *texts, css_class=css_class, style=style)
    css_class += " target chosen" if target.is_chosen else " target"
    return tag(
        "div", *texts, _lights(scene, box, target), css_class=css_class, style=style,
        tabindex="0", role="img", aria_label=target.sentence,
    )  # fmt: skip


def _lights(scene: Scene, own: Box, target: Target) -> Markup:
    """Return all that is shown while a cell is lit, placed relative to that cell."""
    parts = [tag("i", css_class="frame"), *(_light(own, lit) for lit in target.lit)]
    for mark in target.marks:
        style = f"left:{percent((mark.x - own.x) / own.width)};top:{mark.y - own.y:g}px"
        parts.append(tag("span", mark.text, css_class=f"mark {mark.anchor}", style=style))
    if target.arrows:
        parts += _arrows(scene, own, target)
    formula = Box(0, scene.height + 10, scene.width, 0)
    style = f"{_offset(own, formula)};width:{percent(formula.width / own.width)}"
    parts.append(tag("span", target.formula, css_class="sum", style=style))
    return tag("span", *parts, css_class="when", aria_hidden="true")


def _light(own: Box, lit: Lit) -> Markup:
    return tag("i", css_class=f"lit {lit.role}", style=_style(lit.box, own))


def _arrows(scene: Scene, own: Box, target: Target) -> list[Markup]:
    """Return lines, and one head where they meet: at the cell itself."""
    path = "".join(f"M{'L'.join(f'{x:g} {y:g}' for x, y in corners)}" for corners in target.arrows)
    stage = Box(0, 0, scene.width, scene.height)
    (x0, _), *_, (x1, y1) = target.arrows[0]
    side = "right" if x1 > x0 else "left"
    lines = tag(
        "svg", tag("path", d=path), viewBox=f"0 0 {scene.width:g} {scene.height:g}",
        preserveAspectRatio="none", style=_style(stage, own),
    )  # fmt: skip
    return [lines, tag("i", css_class=f"tip {side}", style=_offset(own, Box(x1, y1, 0, 0)))]


def _offset(own: Box, box: Box) -> str:
    return f"left:{percent((box.x - own.x) / own.width)};top:{box.y - own.y:g}px"


def _style(box: Box, around: Box) -> str:
    """Return the CSS that places `box` relative to `around`, whose height does not matter."""
    return (
        f"{_offset(around, box)};width:{percent(box.width / around.width)};height:{box.height:g}px"
    )
