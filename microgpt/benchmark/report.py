"""Convert results to a JSON-serialisable dictionary and to the bars of a chart."""

from typing import Any

from microgpt.benchmark.results import Results
from microgpt.benchmark.scaling import ScalingRow, scaling_rows
from microgpt.benchmark.table import comparison_sentences, format_measured
from microgpt.benchmark.targets import bandwidth_fraction, perf_targets
from microgpt.benchmark.workloads import WORKLOADS

FORMAT = 1


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


def bar_groups(results: Results) -> list[tuple[str, list[tuple[str, float, str, bool]]]]:
    """Return (heading, bars) of each workload; a bar is (label, number, its text, is ours)."""
    groups = []
    for name, workload in WORKLOADS.items():
        measurements = [
            m for m in results.for_workload(name) if m.blocks and "unit" not in m.metadata
        ]
        if name == "scaling" or not measurements:
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
    return groups
