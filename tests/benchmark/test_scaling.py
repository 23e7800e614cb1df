"""The workload "scaling": operations, bytes, the roofline and cliffs."""

import pytest

from microgpt.benchmark import scaling
from microgpt.benchmark.implementations import Implementation
from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.table import scaling_table
from microgpt.benchmark.workloads import WORKLOADS
from microgpt.config import GPTConfig


def scaled(times, peak_rates=True):
    """The workload "scaling" with one time for each batch size, in seconds."""
    results, workload = Results(), WORKLOADS["scaling"]
    implementation = Implementation("replayed", "replayed", 1)
    for size, seconds in times.items():
        task = f"batch_size {size}"
        results.measurements.append(Measurement(workload, implementation, task, [[seconds]]))
    for task in scaling.PEAK_RATE_TASKS if peak_rates else ():
        unit = {"unit": "GFLOP/s" if task == "matrix product" else "GB/s"}
        results.measurements.append(
            Measurement(workload, implementation, task, [[1.0]], 1e10, metadata=unit)
        )
    return results


def test_cliffs_and_the_roofline():
    results = scaled({1: 0.010, 2: 0.019, 4: 0.080})
    rows = scaling.scaling_rows(results)
    assert [row.is_cliff for row in rows] == [False, False, True]
    point = rows[0].point
    assert rows[0].achieved_gflops == pytest.approx(point.flops / 0.010 / 1e9)
    attainable = min(10.0, 10.0 * point.arithmetic_intensity)
    assert rows[0].attainable_gflops == pytest.approx(attainable)
    (row,) = scaling.scaling_rows(scaled({1: 0.01}, peak_rates=False))
    assert row.attainable_gflops is None
    table = list(scaling_table(results))
    assert [line.split()[:3] for line in table[-5:-2]] == [
        ["batch_size", "1", "10.0"], ["batch_size", "2", "19.0"], ["batch_size", "4", "80.0"]
    ]  # fmt: skip
    assert [line.endswith("a cliff") for line in table[-5:-2]] == [False, False, True]
    assert table[-2:] == [
        "  peak memory bandwidth: 10.0 GB/s", "  peak matrix product: 10.0 GFLOP/s"
    ]  # fmt: skip


def test_operations_and_bytes_of_a_step():
    point = next(p for p in scaling.scaling_points() if p.name == "batch_size 8")
    tokens, weights = 8 * 64, 4 * 12 * 128**2 + 65 * 128
    attention = 4 * 2 * 64 * 128
    assert point.flops == 3 * tokens * (2 * weights + attention)
    untied = GPTConfig.microgpt()
    assert scaling.bytes_per_token(untied) == 4 * (4192 - 15 * 16 - 26 * 16)
    assert {p.axis for p in scaling.scaling_points()} == {"batch_size", "seq_len", "n_embd"}
    assert len(scaling.scaling_points(quick=True)) < len(scaling.scaling_points())
