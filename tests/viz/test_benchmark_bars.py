"""Bars of numbers that differ a thousandfold."""

import io
import xml.etree.ElementTree as ElementTree

import pytest

from microgpt.errors import ShapeError
from microgpt.viz.benchmark_bars import _power_of_ten, benchmark_bars, standalone_svg
from microgpt.viz.drawing import Circle, Rect
from microgpt.viz.looks import light_theme_colour

ROWS = [("a", 1.0, "1", True), ("b", 10.0, "10", True), ("c", 1000.0, "1,000", False)]


def test_bars_grow_by_powers_of_ten():
    assert [_power_of_ten(power) for power in (-1, 0, 3, 6)] == ["0.1", "1", "1,000", "1,000,000"]
    drawing = benchmark_bars([("x", ROWS)])
    shapes = [shape for shape in drawing.shapes if isinstance(shape, Rect)]
    assert shapes[2].width == pytest.approx(3 * shapes[1].width)
    assert [shape.fill for shape in shapes] == ["data", "data", "ink3"]


@pytest.mark.parametrize("number", [None, 0.0, float("inf")])
def test_bars_need_finite_numbers_above_zero(number):
    groups = [] if number is None else [("x", [("a", number, "", True)])]
    with pytest.raises(ShapeError, match="above 0"):
        benchmark_bars(groups)


def test_the_file_is_svg_in_the_light_theme_inside_its_size():
    svg = standalone_svg(benchmark_bars([("x < y", ROWS), ("y", ROWS)], 'the "caption"'))
    root = ElementTree.parse(io.StringIO(svg)).getroot()
    assert root.get("aria-label") == 'the "caption"'
    assert "x < y" in [element.text for element in root.iter()]
    height = float(root.get("height"))
    assert all(0 < float(one.get("y")) < height for one in root.iter() if one.get("y"))
    fills = {element.get("fill") for element in root.iter()}
    assert {light_theme_colour(role) for role in ("card", "data", "ink3", "ink2")} <= fills


def test_a_shape_that_bars_do_not_have():
    drawing = benchmark_bars([("x", ROWS)])
    drawing.add(Circle(1, 1, 1))
    with pytest.raises(ShapeError, match="have no circle"):
        standalone_svg(drawing)
