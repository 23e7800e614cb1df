"""A drawing as a PNG: what is drawn is there, in the colours of the light theme."""

import io

import numpy as np
from PIL import Image

from microgpt.viz.drawing import Circle, Drawing, Line, Rect, Text


def pixels(drawing):
    """The picture as an array (height, width, 3) and the number of its pixels per unit."""
    image = Image.open(io.BytesIO(drawing.png())).convert("RGB")
    return np.asarray(image).astype(int), image.width / drawing.width


def colour_at(drawing, x, y):
    array, scale = pixels(drawing)
    return tuple(array[round(y * scale), round(x * scale)])


def is_near(colour, hex_colour):
    wanted = [int(hex_colour[i : i + 2], 16) for i in (1, 3, 5)]
    return max(abs(a - b) for a, b in zip(colour, wanted, strict=True)) < 24


def test_shapes_stand_where_they_were_put_and_later_ones_above():
    drawing = Drawing(200, 100)
    drawing.add(
        Rect(20, 20, 60, 40, "data"),
        Circle(50, 40, 10, "mark"),
        Line(((120, 20), (180, 20), (180, 60), (120, 60)), fill="good"),
        Rect(20, 70, -5, 20, "mark"),  # a negative width is none
        Rect(120, 70, 60, 20, "data", radius=6),
    )
    assert is_near(colour_at(drawing, 25, 40), "#0072b2")
    assert is_near(colour_at(drawing, 50, 40), "#bf4b00")
    assert is_near(colour_at(drawing, 150, 40), "#00735a")
    assert is_near(colour_at(drawing, 18, 80), "#fbfbfc")
    assert is_near(colour_at(drawing, 150, 80), "#0072b2")
    assert is_near(colour_at(drawing, 121, 71), "#fbfbfc")  # the corner is rounded


def test_dashes_leave_gaps_and_a_line_without_fill_is_no_area():
    drawing = Drawing(200, 100)
    drawing.add(Line(((20, 50), (180, 50)), "ink", 3, dashed=True))
    array, scale = pixels(drawing)
    row = array[round(50 * scale), round(20 * scale) : round(180 * scale)].sum(1)
    assert (row < 300).any()
    assert (row > 700).any()
    open_line = Drawing(200, 100)
    open_line.add(Line(((20, 20), (180, 20), (180, 80)), "ink"))
    assert is_near(colour_at(open_line, 100, 40), "#fbfbfc")


def test_hatching_shows():
    drawing = Drawing(100, 100)
    drawing.add(Rect(20, 20, 60, 60, "well", hatch=True))
    array, scale = pixels(drawing)
    inside = array[round(30 * scale) : round(70 * scale), round(30 * scale) : round(70 * scale)]
    assert inside.sum(2).min() < inside.sum(2).max() - 20


def test_texts_are_listed_and_a_dollar_is_no_formula():
    drawing = Drawing(200, 60)
    drawing.add_question("Which letter?")
    drawing.add(Text(180, 50, r"$\no_such_command$", "end", 14, "bold", "mark"))
    assert drawing.texts() == ["Which letter?", r"$\no_such_command$"]
    array, _ = pixels(drawing)
    assert (abs(array - [191, 75, 0]).max(2) < 24).any()


def test_the_caption_travels_inside_the_file():
    drawing = Drawing(100, 40, "a caption")
    assert Image.open(io.BytesIO(drawing.png())).text["Description"] == "a caption"
