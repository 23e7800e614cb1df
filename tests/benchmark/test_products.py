"""The workload "products": its layers, the best BLAS of each, targets, table, JSON and bars."""

import io
import json
import xml.etree.ElementTree as ElementTree

import pytest

from microgpt.benchmark import products
from microgpt.benchmark.implementations import Implementation, select_implementations
from microgpt.benchmark.machine_info import machine_info
from microgpt.benchmark.products import LAYERS, LinearLayer, min_and_mean_ratio, product_rows
from microgpt.benchmark.report import bar_groups, results_dict
from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.runner import Benchmark
from microgpt.benchmark.table import format_results, format_targets, products_table
from microgpt.benchmark.targets import perf_targets
from microgpt.benchmark.workloads import WORKLOADS
from microgpt.viz.benchmark_bars import benchmark_bars, standalone_svg

OURS = Implementation("replayed", "replayed: ours", 2)
NUMPY_1 = Implementation("numpy", "NumPy's BLAS, 1 thread", 1)
NUMPY_2 = Implementation("numpy", "NumPy's BLAS, 2 threads", 2)
TORCH = Implementation("torch-eager-2", "PyTorch eager, 2 threads", 2, {}, "torch")
FIRST = LAYERS[0].name


def measured(layer, implementation, gflops):
    """One block of that many GFLOP/s, or an error for None."""
    measurement = Measurement(WORKLOADS["products"], implementation, layer.name)
    if gflops is None:
        measurement.error = "it failed"
        return measurement
    unit = 10 * layer.flops / (gflops * 1e9)
    measurement.blocks, measurement.count = [[unit]], 10 * layer.flops
    measurement.metadata = {"unit": "GFLOP/s"}
    return measurement


def run_of(layers=LAYERS, **rates_of_first):
    """A run where ours is 100, NumPy 50 and 80, PyTorch 40, except at the first layer."""
    results = Results(machine=machine_info())
    rates = {"ours": 100.0, "numpy_1": 50.0, "numpy_2": 80.0, "torch": 40.0}
    implementations = dict(zip(rates, (OURS, NUMPY_1, NUMPY_2, TORCH), strict=True))
    for layer in layers:
        changed = rates_of_first if layer is LAYERS[0] else {}
        results.measurements += [
            measured(layer, implementations[name], gflops)
            for name, gflops in (rates | changed).items()
        ]
    return results


def test_a_unit_has_enough_operations_and_no_needless_repeat():
    assert len({layer.name for layer in LAYERS}) == len(LAYERS) == 12
    layer = LinearLayer("a model", 512, 16, 48)
    assert (layer.name, layer.flops) == ("a model 512×16→48", 6 * 512 * 16 * 48)
    for layer in LAYERS:
        request = layer.request()
        assert request["shape"] == [layer.tokens, layer.in_features, layer.out_features]
        assert request["flops"] == layer.flops
        repeats = request["repeats"]
        assert (repeats - 1) * layer.flops < products.MIN_FLOPS <= repeats * layer.flops


def test_ours_has_all_cores_and_numpy_each_number_of_threads():
    selected = select_implementations("products", 8, ("torch", "jax"))
    threads = {}
    for item in selected:
        threads.setdefault(item.library or item.name, []).append(item.threads)
    assert threads == {
        "replayed": [8], "numpy": [1, 2, 8], "torch": [1, 2, 8], "jax": [1, 2, 8]
    }  # fmt: skip
    assert len({item.label for item in selected}) == len(selected)


def test_each_layer_has_its_own_best_blas():
    rows = product_rows(run_of(torch=200.0))
    assert [row.layer for row in rows] == list(LAYERS)
    assert [row.blas.implementation for row in rows[:2]] == [TORCH, NUMPY_2]
    assert [row.ratio for row in rows[:2]] == pytest.approx([0.5, 1.25])
    (row,) = product_rows(run_of(LAYERS[:1], numpy_1=90.0))
    assert row.blas.implementation is NUMPY_1  # more threads may be slower
    (row,) = product_rows(run_of(LAYERS[:1], numpy_2=None))
    assert (row.blas.implementation, row.ratio) == (NUMPY_1, pytest.approx(2.0))
    (row,) = product_rows(run_of(LAYERS[:1], ours=None))
    assert (row.ours, row.ratio) == (None, None)
    assert product_rows(Results()) == []


def test_the_lowest_and_the_mean_need_all_layers():
    lowest, mean = min_and_mean_ratio(run_of(torch=200.0))
    assert lowest == pytest.approx(0.5)
    assert mean == pytest.approx((0.5 * 1.25**11) ** (1 / 12))
    assert min_and_mean_ratio(run_of(LAYERS[1:])) is None
    assert min_and_mean_ratio(run_of(ours=None)) is None


@pytest.mark.parametrize(
    ("changed", "met"),
    [
        ({}, [True, True]),
        ({"torch": 105.0}, [True, True]),  # 0.952
        ({"torch": 106.0}, [False, True]),  # 0.943, as the geometric mean allows
        ({"torch": 2000.0}, [False, False]),
        ({"numpy_1": None, "numpy_2": None, "torch": None}, [None, None]),
    ],
)
def test_targets(changed, met):
    results = run_of(**changed)
    assert [target.met for target in perf_targets(results)] == met
    text = format_targets(results)
    assert "products: of the best BLAS, the lowest of 12 layers   0.950" in text
    assert "products: of the best BLAS, geometric mean             1.00" in text


def test_the_table_has_a_line_for_each_layer():
    lines = list(products_table(run_of(torch=200.0, numpy_1=None)))
    (first,) = [line.split() for line in lines if line.startswith(f"  {FIRST}")]
    assert first[2:] == ["100", "200", "0.500", "PyTorch", "eager,", "2", "threads"]
    (last,) = [line.split() for line in lines if line.startswith(f"  {LAYERS[-1].name}")]
    assert last[2:] == ["100", "80.0", "1.25", "NumPy's", "BLAS,", "2", "threads"]
    assert f"  not measured: {FIRST}, NumPy's BLAS, 1 thread: it failed" in lines
    assert lines[-1].startswith("microgpt replayed is 0.500 × the best BLAS where it is lowest,")
    assert "In GFLOP/s; higher is better." in format_results(run_of())
    alone = list(products_table(run_of(LAYERS[:1], numpy_1=None, numpy_2=None, torch=None)))
    (row,) = [line.split() for line in alone if line.startswith(f"  {FIRST}")]
    assert row[2:] == ["100"]
    assert not any("geometric mean" in line for line in alone)


def test_json_and_bars():
    results = run_of(torch=200.0)
    content = json.loads(json.dumps(results_dict(results), allow_nan=False))
    first = content["products"][0]
    assert (first["layer"], first["blas"]) == (FIRST, "PyTorch eager, 2 threads")
    rates = [first["ours_gflops"], first["blas_gflops"], first["ratio"]]
    assert rates == pytest.approx([100, 200, 0.5])
    workload = content["workloads"]["products"]
    assert {item["unit"] for item in workload["implementations"]} == {"GFLOP/s"}
    assert len(workload["sentences"]) == 1  # none that ignores the layers
    ((heading, bars),) = bar_groups(results)
    assert heading.startswith("products, in GFLOP/s")
    assert [(bar[0], bar[2], bar[3]) for bar in bars[:2]] == [
        (f"{FIRST}, replayed", "100 GFLOP/s", True), (f"{FIRST}, best BLAS", "200 GFLOP/s", False)
    ]  # fmt: skip
    assert len(bars) == 2 * len(LAYERS)
    svg = standalone_svg(benchmark_bars(bar_groups(results), "products"))
    texts = [one.text for one in ElementTree.parse(io.StringIO(svg)).getroot().iter() if one.text]
    assert f"{FIRST}, best BLAS" in texts


def test_a_run_measures_each_layer(monkeypatch):
    layers = (LinearLayer("small", 8, 4, 3), LinearLayer("small", 4, 8, 5))
    monkeypatch.setattr(products, "LAYERS", layers)
    monkeypatch.setattr(products, "MIN_FLOPS", 1000)
    benchmark = Benchmark(["products"], rounds=1, quick=True)
    benchmark.plan = [(workload, selected[:2]) for workload, selected in benchmark.plan]
    events = list(benchmark)
    assert [event.done for event in events] == list(range(1, len(benchmark) + 1))
    assert events[0].message.startswith("products (small 8×4→3, ")
    measurements = benchmark.results.measurements
    assert [m.error for m in measurements] == [""] * 4
    assert [m.count for m in measurements] == [2 * 576, 2 * 576, 960 * 2, 960 * 2]
    assert all(m.unit == "GFLOP/s" and m.median > 0 for m in measurements)
    assert len(product_rows(benchmark.results)) == 2
