"""The results as JSON takes them, and as bars."""

from typing import Any

from microgpt.benchmark import scaling
from microgpt.benchmark.results import Results
from microgpt.benchmark.table import sentences, shown
from microgpt.benchmark.targets import marks, read_share
from microgpt.benchmark.workloads import WORKS

FORMAT = 1


def as_dict(results: Results) -> dict[str, Any]:
    """Everything that was measured, with the machine, the marks and the notes."""
    loads = results.loads
    return {
        "format": FORMAT,
        "machine": results.machine,
        "load_average": {"least": min(loads), "most": max(loads)} if loads else None,
        "works": {
            name: {
                "title": work.title,
                "unit": work.unit,
                "contenders": [m.as_dict() for m in results.of(name)],
                "sentences": list(sentences(work, results)),
            }
            for name, work in WORKS.items()
            if results.of(name)
        },
        "roofline": [_roof(row) for row in scaling.rows(results)],
        "read_share": read_share(results),
        "marks": [mark.as_dict() for mark in marks(results)],
        "notes": results.notes,
    }


def _roof(row: scaling.Row) -> dict[str, Any]:
    return {
        "axis": row.point.axis,
        "size": row.point.size,
        "threads": row.threads,
        "ms": row.seconds * 1e3,
        "operations": row.point.operations,
        "bytes": row.point.bytes,
        "operations_per_byte": row.point.intensity,
        "gflops": row.reached,
        "roof_gflops": row.roof,
        "cliff": row.cliff,
    }


def bars(results: Results) -> list[tuple[str, list[tuple[str, float, str, bool]]]]:
    """For each work with bars: its heading, and (label, number, its text, ours) of each bar."""
    groups = []
    for name, work in WORKS.items():
        found = [m for m in results.of(name) if m.blocks and "unit" not in m.about]
        if name == "scaling" or not found:
            continue
        better = "more is better" if work.is_rate else "less is better"
        heading = f"{name}, in {work.unit} ({better}; each line is ten times the last)"
        rows = []
        for m in found:
            assert m.typical is not None
            number = m.number(m.typical)
            said = f"{shown(number)} {work.unit}"
            rows.append((m.contender.words, number, said, not m.contender.library))
        groups.append((heading, rows))
    return groups
