"""The static picture of a live view, for notebooks that are read without a kernel."""

from microgpt.viz.drawing import Drawing, Group, Text


def static_image(drawing: Drawing, control_lines: list[str]) -> Drawing:
    """Copy the drawing, with the controls' values as text on the left, where the controls were."""
    copy = Drawing(drawing.width, drawing.height, drawing.caption, drawing.id_prefix)
    copy.groups = [Group(group.layout, group.offset, [*group.shapes]) for group in drawing.groups]
    copy.begin_group()
    for i, text in enumerate(control_lines):
        copy.add(Text(0, 32 + 24 * i, text))
    return copy
