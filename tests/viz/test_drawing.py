"""A drawing as SVG and as PNG."""

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


def test_png_and_the_static_image():
    drawing = example()
    static = static_image(drawing, ["Temperature: 1"])
    assert static.png().startswith(b"\x89PNG")
    assert "Temperature: 1" in static.svg()
    assert "Temperature: 1" not in drawing.svg()
