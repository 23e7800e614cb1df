"""The results as text: one table for each work, and sentences that compare."""

import textwrap
from collections.abc import Iterator, Sequence

from microgpt.benchmark import scaling
from microgpt.benchmark.implementations import LADDER, counted
from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.targets import OURS, marks, read_share
from microgpt.benchmark.workloads import TIMES, WORKS, Work

LEGEND = (
    "Each contender is a program of its own, and they take turns: while one works, the others "
    'sleep. "typical" is the median of its blocks\' medians, "blocks" the least and the greatest '
    'of these, "best" the fastest of all its times; "first call" comes before and counts '
    'compiling; "memory" is the most it held at once.'
)
WIDTH = 100
HEADS = ("", "typical", "blocks", "best", "first call", "threads", "memory")


def text(results: Results) -> str:
    """Every work's table, with what the machine was and what else to know."""
    parts = [wrapped(machine(results)), wrapped(LEGEND)]
    for work in WORKS.values():
        if not results.of(work.name):
            continue
        lines = _scaling(results) if work.name == "scaling" else _one(work, results)
        parts.append("\n".join(lines))
    parts += [wrapped(f"Note: {note}.") for note in results.notes]
    return "\n\n".join(parts)


def wrapped(sentence: str) -> str:
    """Prose in lines of readable length; tables are as wide as they are."""
    return textwrap.fill(sentence, WIDTH, break_long_words=False, break_on_hyphens=False)


def machine(results: Results) -> str:
    """What it ran on, in one sentence."""
    m = results.machine
    memory = f", {m['memory_gib']:g} GiB of memory" if m["memory_gib"] else ""
    vectors = f" with {m['vectors']}" if m["vectors"] else ""
    said = (
        f"{m['processor']}{vectors}, {m['cores']} cores{memory}, {m['system']}; Python "
        f"{m['python']}, microgpt {m['microgpt']}"
    )
    if results.loads:
        said += f"; load average before it {results.loads[0]:.1f}"
    versions = _versions(results)
    return said + (f"; {versions}" if versions else "") + "."


def _versions(results: Results) -> str:
    found: dict[str, str] = dict(results.machine.get("peers", {}))
    for measurement in results.measurements:
        for name in ("numpy", "numba"):
            if name in measurement.about and not measurement.contender.library:
                found.setdefault(name, measurement.about[name])
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _one(work: Work, results: Results) -> Iterator[str]:
    yield wrapped(f"{work.name}: {work.title}.")
    better = "more is better" if work.is_rate else "less is better"
    yield f"In {work.unit}; {better}."
    found = results.of(work.name)
    yield from columns([HEADS, *(_row(m) for m in found if m.blocks)])
    for m in found:
        if not m.blocks:
            yield f"  not measured: {m.contender.words}: {m.trouble or 'no block was run'}"
    yield from (wrapped(sentence) for sentence in sentences(work, results))


def _row(m: Measurement) -> tuple[str, ...]:
    assert m.typical is not None
    assert m.best is not None
    assert m.spread is not None
    unit = f" {m.unit}" if "unit" in m.about else ""
    return (
        m.contender.words,
        shown(m.number(m.typical)) + unit,
        " to ".join(map(shown, sorted(map(m.number, m.spread)))),
        shown(m.number(m.best)) + unit,
        "" if m.first is None else duration(m.first),
        str(m.about.get("threads") or m.contender.threads or ""),
        "" if m.peak is None else f"{m.peak:,.0f} MiB",
    )


def sentences(work: Work, results: Results) -> Iterator[str]:
    """How our replayed engine compares with the slowest rung and with the best peer."""
    rungs = [m for m in results.of(work.name) if m.blocks and m.contender.name in LADDER]
    slowest = max(rungs, key=lambda m: m.typical or 0.0, default=None)
    ratio = None if work.name == "start" else results.ratio(work.name, slowest)
    if slowest is not None and ratio is not None and slowest.contender.name != OURS:
        rung = slowest.contender.words.partition(":")[0]
        yield f"microgpt {OURS} is {shown(ratio)} × as fast as {rung}."
    peer = results.best_peer(work.name)
    ratio = results.ratio(work.name, peer)
    if peer is not None and ratio is not None:
        yield f"microgpt {OURS} is {shown(ratio)} × the best peer ({peer.contender.words})."
    share = read_share(results) if work.name == "generate" else None
    memory = results.find(work.name, "memory")
    if share is not None and memory is not None and memory.typical is not None:
        most = memory.number(memory.typical)
        yield (
            f"Every token needs all weights: microgpt {OURS} reads {shown(share * most)} GB of "
            f"them a second, {100 * share:.0f} % of the {shown(most)} that this machine reads at "
            "most."
        )


def _scaling(results: Results) -> Iterator[str]:
    rows = scaling.rows(results)
    usual = scaling.BASE
    yield wrapped(
        f"scaling: {WORKS['scaling'].title}: {usual.n_layer} layers, {usual.n_embd} wide, "
        f"{scaling.BATCH} texts of {scaling.CONTEXT} tokens, where nothing else is said."
    )
    counts = sorted({row.threads for row in rows})
    yield wrapped(
        'In ms; less is better. "a byte" are the operations for each byte that must be moved if '
        'nothing stays in a cache; "reached" are billions of operations a second, with the most '
        'threads, and "possible" those that computing and moving leave room for. Small models stay '
        "in the cache, and may do better."
    )
    heads = ["", *map(counted, counts), "a byte", "reached", "possible", ""]
    lines: list[Sequence[str]] = [heads]
    by_point: dict[str, dict[int, scaling.Row]] = {}
    for row in rows:
        by_point.setdefault(row.point.name, {})[row.threads] = row
    for name, found in by_point.items():
        most = found[max(found)]
        times = [shown(found[n].seconds * 1e3) if n in found else "" for n in counts]
        roof = "" if most.roof is None else shown(most.roof)
        cliff = "a cliff" if any(row.cliff for row in found.values()) else ""
        each = shown(most.point.intensity)
        lines.append([name, *times, each, shown(most.reached), roof, cliff])
    yield from columns(lines)
    for m in results.of("scaling"):
        if m.task in scaling.ROOFS and m.typical is not None and m.contender.threads == counts[-1]:
            yield f"  {m.task}: at most {shown(m.number(m.typical))} {m.unit}"
    for m in results.of("scaling"):
        if m.trouble:
            yield f"  not measured: {m.task}, {m.contender.words}: {m.trouble}"


def marks_text(results: Results) -> str:
    """The marks this package set itself, and whether this run met them."""
    lines: list[Sequence[str]] = [("", "wanted", "is", "")]
    for mark in marks(results):
        said = {True: "met", False: "missed", None: "not measured"}[mark.met]
        value = "" if mark.value is None else shown(mark.value)
        lines.append((f"{mark.work}: {mark.text}", shown(mark.target), value, said))
    return "\n".join(["Marks.", *columns(lines)])


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines: the first column from the left, the others from the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)]
        yield ("  " + "  ".join(cells)).rstrip()


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    unit = next((name for name, limit in (("s", 1.0), ("ms", 1e-3)) if seconds >= limit), "µs")
    return f"{shown(seconds * TIMES[unit])} {unit}"


def shown(number: float) -> str:
    """A number with three digits or more that count."""
    for limit, digits in ((100, 0), (10, 1), (1, 2), (0.1, 3)):
        if abs(number) >= limit:
            return f"{number:,.{digits}f}"
    return f"{number:.3g}"
