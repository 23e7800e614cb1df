"""Convert results to a JSON-serialisable dictionary and to the bars of a chart."""

from collections.abc import Iterator
from typing import Any

from microgpt.benchmark.products import ProductRow, product_rows
from microgpt.benchmark.results import Results
from microgpt.benchmark.scaling import ScalingRow, scaling_rows
from microgpt.benchmark.table import comparison_sentences, format_measured
from microgpt.benchmark.targets import bandwidth_fraction, perf_targets
from microgpt.benchmark.workloads import WORKLOADS

FORMAT = 1
Bar = tuple[str, float, str, bool]  # label, number, its text, is ours


def results_dict(results: Results) -> dict[str, Any]:
    """Return all measurements, the machine, the targets and the notes as a dictionary for JSON."""
    loads = results.load_averages
    return {
        "format": FORMAT,
        "machine": results.machine,
        "load_average": {"min": min(loads), "max": max(loads)} if loads else None,
        "workloads": {
            name: {
                "title": workload.title,
                "unit": workload.unit,
                "implementations": [m.to_dict() for m in results.for_workload(name)],
                "sentences": list(comparison_sentences(workload, results)),
            }
            for name, workload in WORKLOADS.items()
            if results.for_workload(name)
        },
        "roofline": [_roofline_dict(row) for row in scaling_rows(results)],
        "products": [_product_dict(row) for row in product_rows(results)],
        "bandwidth_fraction": bandwidth_fraction(results),
        "targets": [target.to_dict() for target in perf_targets(results)],
        "notes": results.notes,
    }


def _roofline_dict(row: ScalingRow) -> dict[str, Any]:
    return {
        "axis": row.point.axis,
        "size": row.point.size,
        "threads": row.threads,
        "ms": row.seconds * 1e3,
        "flops": row.point.flops,
        "bytes_moved": row.point.bytes_moved,
        "arithmetic_intensity": row.point.arithmetic_intensity,
        "achieved_gflops": row.achieved_gflops,
        "attainable_gflops": row.attainable_gflops,
        "is_cliff": row.is_cliff,
    }


def _product_dict(row: ProductRow) -> dict[str, Any]:
    measured = {"ours": row.ours, "blas": row.blas}
    rates = {
        f"{name}_gflops": None if m is None or m.median is None else m.in_unit(m.median)
        for name, m in measured.items()
    }
    label = None if row.blas is None else row.blas.implementation.label
    return {
        "layer": row.layer.name, "flops": row.layer.flops, **rates, "blas": label,
        "ratio": row.ratio,
    }  # fmt: skip


def bar_groups(results: Results) -> list[tuple[str, list[Bar]]]:
    """Return (heading, bars) of each workload; a bar is (label, number, its text, is ours)."""
    groups = []
    for name, workload in WORKLOADS.items():
        measurements = [
            m for m in results.for_workload(name) if m.blocks and "unit" not in m.metadata
        ]
        if name in ("scaling", "products") or not measurements:
            continue
        better = "higher is better" if workload.higher_is_better else "lower is better"
        heading = f"{name}, in {workload.unit} ({better}; each line is ten times the last)"
        rows = []
        for m in measurements:
            assert m.median is not None
            number = m.in_unit(m.median)
            text = f"{format_measured(number)} {workload.unit}"
            rows.append((m.implementation.label, number, text, not m.implementation.library))
        groups.append((heading, rows))
    bars = list(_product_bars(results))
    if bars:
        heading = "products, in GFLOP/s (higher is better; each line is ten times the last)"
        groups.append((heading, bars))
    return groups


def _product_bars(results: Results) -> Iterator[Bar]:
    """Yield two bars for each layer: ours and the best BLAS's."""
    for row in product_rows(results):
        for label, m in (("replayed", row.ours), ("best BLAS", row.blas)):
            if m is not None and m.median is not None:
                rate = m.in_unit(m.median)
                text = f"{format_measured(rate)} {m.unit}"
                yield f"{row.layer.name}, {label}", rate, text, m is row.ours
