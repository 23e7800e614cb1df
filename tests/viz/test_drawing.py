"""A drawing as SVG and as PNG."""

import pytest

from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.static_image import static_image


def example():
    drawing = Drawing(200, 50, 'a <caption> & "more"', id_prefix="one")
    drawing.add(Rect(1, 2, -3, 4, "blue", "outline"), Text(5, 6, "<b>", bold=True))
    drawing.begin_group("fluid")
    drawing.add(Rect(50, 2, 100, 4, hatch=True, css_class="filtered"))
    drawing.begin_group("shifted", 20)
    drawing.add(Line(0, 0, 10, 10, dashed=True))
    return drawing


def test_svg():
    svg = example().svg()
    assert 'aria-label="a &lt;caption&gt; &amp; &quot;more&quot;"' in svg
    assert "&lt;b&gt;" in svg
    assert 'width="0"' in svg  # a negative width is none
    assert 'class="mg-filtered" x="25.000%"' in svg
    assert 'id="one-hatch"' in svg
    assert 'class="mg-shifted" style="--mg-x:20px"' in svg


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (10, "10"), (100.0, "100"), (0.5, "0.5"), (-0.25, "-0.25"), (1 / 3, "0.33")],
)
def test_numbers_are_short_and_keep_their_zeros(number, text):
    drawing = Drawing(100, 50)
    drawing.add(Rect(0, number, 1, 1))
    assert f'y="{text}"' in drawing.svg()


def test_fluid_positions_are_per_cent_of_the_width():
    drawing = Drawing(200, 50)
    drawing.begin_group("fluid")
    drawing.add(Line(0, 0, 200, 10), Rect(50, 0, 20, 4))
    svg = drawing.svg()
    assert 'x1="0.000%" y1="0" x2="100.000%"' in svg
    assert 'x="25.000%" y="0" width="10.000%"' in svg
    assert 'width="100%" height="50"' in svg


def test_a_dollar_is_no_formula():
    drawing = Drawing(200, 50)
    drawing.add(Text(0, 20, r"$\no_such_command$"))
    assert drawing.png().startswith(b"\x89PNG")


def test_png_and_the_static_image():
    drawing = example()
    static = static_image(drawing, ["Temperature: 1"])
    assert static.png().startswith(b"\x89PNG")
    assert "Temperature: 1" in static.svg()
    assert "Temperature: 1" not in drawing.svg()
