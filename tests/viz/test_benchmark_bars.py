"""Bars of numbers that differ a thousandfold."""

import pytest

from microgpt.errors import ShapeError
from microgpt.viz.benchmark_bars import _power_of_ten, benchmark_bars


def test_bars_grow_by_powers_of_ten():
    assert [_power_of_ten(power) for power in (-1, 0, 3, 6)] == ["0.1", "1", "1,000", "1,000,000"]
    rows = [("a", 1.0, "1", True), ("b", 10.0, "10", True), ("c", 1000.0, "1,000", False)]
    drawing = benchmark_bars([("x", rows)])
    shapes = [shape for shape in drawing.groups[-1].shapes if type(shape).__name__ == "Rect"]
    assert shapes[2].width == pytest.approx(3 * shapes[1].width)
    assert [shape.fill for shape in shapes] == ["blue", "blue", "line"]


@pytest.mark.parametrize("number", [None, 0.0, float("inf")])
def test_bars_need_finite_numbers_above_zero(number):
    groups = [] if number is None else [("x", [("a", number, "", True)])]
    with pytest.raises(ShapeError, match="above 0"):
        benchmark_bars(groups)
