"""Bars of counts and ratios: lengths, ranges, one axis, and the same in the still picture."""

import re

import pytest

from microgpt.viz.counted_bars import (
    BarRow,
    BarsState,
    axis_of,
    bars_table,
    draw_bars,
    render_bars,
)
from microgpt.viz.drawing import Line, Rect

ROWS = (
    BarRow("naive", "by <rows>", 336.0, "336 sectors", "each number 10.7 ×"),
    BarRow("tiles", "8 × 8", 80.0, "80 sectors", low=70.0, high=390.0),
)
STATE = BarsState(
    "How much?", "4.2", "times", "sectors", ROWS, "A caption.", ("", "sectors"),
    (("naive", "336"), ("tiles", "80")),
)  # fmt: skip


def test_the_axis_ends_at_a_round_number_beyond_bars_and_ranges():
    end, ticks = axis_of(STATE)
    assert (end, ticks) == (400.0, (0.0, 100.0, 200.0, 300.0, 400.0))


def test_bars_are_as_long_as_their_values():
    html = render_bars(STATE).html
    widths = re.findall(r'<u style="width:([\d.]+)%"', html)
    assert [float(width) for width in widths] == pytest.approx([84.0, 20.0])
    assert re.findall(r'<i style="left:([\d.]+)%;width:([\d.]+)%"', html) == [("17.500", "80.000")]
    assert "by &lt;rows&gt;" in html
    assert "<rows>" not in html
    assert 'aria-label="naive: 336 sectors, each number 10.7 ×"' in html
    assert 'aria-label="tiles: 80 sectors"' in html
    assert "400 sectors" in html
    assert render_bars(STATE).caption == "A caption."


def test_the_still_picture_shows_the_same():
    drawing = draw_bars(STATE)
    assert {"How much?", "naive", "tiles", "336 sectors", "each number 10.7 ×"} <= {
        *drawing.texts()
    }
    bars = [shape.width for shape in drawing.shapes if isinstance(shape, Rect)]
    assert bars == pytest.approx([252 * 0.84, 252 * 0.2])
    ranges = [
        shape for shape in drawing.shapes if isinstance(shape, Line) and shape.stroke == "ink"
    ]
    assert len(ranges) == 1
    assert drawing.png().startswith(b"\x89PNG")


def test_a_reference_is_grey_in_both():
    least = BarRow("least", "", 64.0, "64", is_reference=True)
    state = BarsState("How much?", "1", "", "sectors", (*ROWS, least), "A caption.")
    assert render_bars(state).html.count('class="mg-quiet"') == 1
    fills = [shape.fill for shape in draw_bars(state).shapes if isinstance(shape, Rect)]
    assert fills == ["data", "data", "ink3"]


def test_the_table_has_the_numbers():
    table = bars_table(STATE)
    assert [f"<td>{number}</td>" in table for number in (336, 80, 64)] == [True, True, False]
