"""The still picture of a live view: for notebooks that are read without being run."""

from microgpt.viz.drawing import Drawing, Text


def fallback(drawing: Drawing, controls: list[str]) -> Drawing:
    """The drawing with its controls written at the left, where the live ones stand."""
    still = Drawing(drawing.width, drawing.height, drawing.caption, drawing.name)
    still.parts = [(kind, x, list(shapes)) for kind, x, shapes in drawing.parts]
    still.part()
    for place, text in enumerate(controls):
        still.add(Text(0, 32 + 24 * place, text))
    return still
