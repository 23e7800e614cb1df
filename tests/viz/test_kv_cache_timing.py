"""The bars of two timings: medians, ranges, and how many times as fast."""

import re

import pytest

from microgpt.viz.drawing import Rect
from microgpt.viz.kv_cache_timing import (
    CacheTimings,
    draw_cache_timings,
    format_ms,
    render_cache_timings,
    timing_caption,
    timing_chart,
    timings_table,
)

TIMINGS = CacheTimings(64, (200.0, 100.0, 250.0), (45.0, 50.0, 40.0))


def test_the_sentence_has_medians_ratio_and_what_was_measured():
    assert timing_caption(TIMINGS) == (
        "64 letters take 200 ms when the whole text is read again for each, and 45 ms with a KV "
        "cache: 4.4 times as fast. Bars are medians of 3 runs each, taken alternately when the "
        "cell ran; thin lines reach from the fastest to the slowest. “Times as fast” is the median "
        "of the ratios of neighbouring runs; it varies with the machine and with what else it is "
        "doing."
    )
    token = timing_caption(CacheTimings(1, (2.0,), (2.5,), "token"))
    assert token.startswith("1 token takes 2.0 ms when the whole text is read again for each, and ")
    assert "with a KV cache: no faster at this length. Bars are medians of 1 run each" in token


def test_a_machine_that_is_slow_for_a_while_does_not_change_the_ratio():
    timings = CacheTimings(64, (10.0, 10.0, 300.0, 300.0, 300.0), (5.0, 5.0, 150.0, 5.0, 150.0))
    assert timing_chart(timings).ratio == "2.0"
    assert "2.0 times as fast" in timing_caption(timings)


def test_fewer_rounds_than_planned_are_announced():
    caption = timing_caption(CacheTimings(64, (2.0,), (1.0,), planned_rounds=5))
    expected = "medians of 1 run each (5 were planned, but this machine was too slow for them), "
    assert expected in caption
    assert "planned" not in timing_caption(TIMINGS)


def test_bars_are_medians_on_one_axis_and_lines_reach_over_all_rounds():
    chart = timing_chart(TIMINGS)
    assert [label for _, label in chart.ticks] == ["0", "100", "200", "300 ms"]
    assert [share for share, _ in chart.ticks] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    recompute, cached = chart.bars
    assert (recompute.length, recompute.low, recompute.high) == pytest.approx(
        (200 / 300, 100 / 300, 250 / 300)
    )
    assert cached.length == pytest.approx(45 / 300)
    assert (recompute.value, recompute.time_range) == ("200 ms", "100 to 250 ms")
    assert chart.ratio == "4.4"


def test_one_slow_run_does_not_squeeze_the_bars():
    chart = timing_chart(CacheTimings(64, (200.0, 100.0, 9000.0), (45.0, 50.0, 40.0)))
    assert chart.bars[0].length > 0.5
    assert chart.bars[0].high == 1.0
    assert chart.bars[0].time_range == "100 to 9,000 ms"


def test_html_and_still_show_the_same():
    html = render_cache_timings(TIMINGS).html
    texts = draw_cache_timings(TIMINGS).texts()
    for text in (
        "What does a KV cache save?", "without a cache", "computed again for every letter",
        "with a cache", "keys and values are kept", "200 ms", "100 to 250 ms", "45 ms", "4.4",
        "times as fast", "300 ms",
    ):  # fmt: skip
        assert f">{text}<" in html
        assert text in texts
    assert 'aria-label="without a cache: median 200 ms, 100 to 250 ms"' in html
    assert re.findall(r'<u style="width:([\d.]+)%">', html) == ["66.667", "15.000"]
    bars = [shape for shape in draw_cache_timings(TIMINGS).shapes if isinstance(shape, Rect)]
    assert bars[1].width / bars[0].width == pytest.approx(45 / 200)
    assert draw_cache_timings(TIMINGS).png().startswith(b"\x89PNG")


def test_the_table_has_every_round_in_order():
    table = timings_table(TIMINGS)
    assert "<td>200.000</td><td>100.000</td><td>250.000</td>" in table
    assert "round 3" in table


def test_milliseconds():
    assert [format_ms(ms) for ms in (0.04, 9.94, 9.96, 1234.5)] == ["0.0", "9.9", "10", "1,234"]
