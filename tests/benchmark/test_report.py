"""The results as JSON and as bars."""

import io
import json
import xml.etree.ElementTree as ElementTree

import pytest

from microgpt.benchmark.report import bar_groups, results_dict
from microgpt.viz.benchmark_bars import benchmark_bars, standalone_svg


def test_json(results):
    content = json.loads(json.dumps(results_dict(results), allow_nan=False))
    assert content["format"] == 1
    assert content["machine"]["cores"] >= 1
    assert content["load_average"] == {"min": 0.25, "max": 1.5}
    recipe = content["workloads"]["recipe"]["implementations"]
    by_name = {item["implementation"]: item for item in recipe}
    assert by_name["replayed"]["median"] == pytest.approx(20.0)
    assert by_name["replayed"]["first_call_s"] == 1.5
    assert by_name["replayed"]["block_medians"] == pytest.approx([20.0, 40.0, 16.0])
    assert by_name["tape"]["error"] == "it has no tape"
    assert by_name["tape"]["median"] is None
    assert [item["met"] for item in content["targets"] if item["target"] == 25] == [True]


def test_bar_groups(results):
    groups = bar_groups(results)
    assert [len(rows) for _, rows in groups] == [5, 1, 2]
    svg = standalone_svg(benchmark_bars(groups, "a < b"))
    root = ElementTree.parse(io.StringIO(svg)).getroot()
    assert root.get("aria-label") == "a < b"
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert "100,000 µs" in texts
    widths = {float(e.get("width")) for e in root.iter() if e.get("height") == "16"}
    assert len(widths) > 5
