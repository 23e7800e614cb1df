"""Format results as text: a table for each workload, and sentences that compare."""

import textwrap
from collections.abc import Iterator, Sequence

from microgpt.benchmark import products, scaling
from microgpt.benchmark.implementations import ENGINES, OURS, format_threads
from microgpt.benchmark.instruction_sets import NATIVE, TITLES
from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.targets import bandwidth_fraction, perf_targets
from microgpt.benchmark.workloads import TIME_UNITS, WORKLOADS, Workload
from microgpt.plain_text import text_table

LEGEND = (
    "Each implementation is a process of its own, and they alternate: while one works, the others "
    'sleep. "median" is that of its blocks\' medians, "blocks" the smallest and the largest of '
    'these, "best" the fastest of all its times; "first call" comes before and includes '
    'compiling; "memory" is the peak.'
)
WIDTH = 100
HEADER = ("", "median", "blocks", "best", "first call", "threads", "memory")


def format_results(results: Results) -> str:
    """Format every workload's table, with the machine and the notes."""
    parts = [wrap(describe_machine(results)), wrap(LEGEND)]
    for workload in WORKLOADS.values():
        if not results.for_workload(workload.name):
            continue
        if workload.name == "scaling":
            lines = scaling_table(results)
        elif workload.name == "products":
            lines = products_table(results)
        else:
            lines = _workload_table(workload, results)
        parts.append("\n".join(lines))
    parts += [wrap(f"Note: {note}.") for note in results.notes]
    return "\n\n".join(parts)


def wrap(sentence: str) -> str:
    """Wrap prose to WIDTH columns; tables are not wrapped."""
    return textwrap.fill(sentence, WIDTH, break_long_words=False, break_on_hyphens=False)


def describe_machine(results: Results) -> str:
    """Describe the machine and the library versions in one sentence."""
    m = results.machine
    simd = f" with {m['simd']}" if m["simd"] else ""
    sentence = (
        f"{m['cpu']}{simd}, {m['cores']} cores, {m['memory_gib']:g} GiB of memory, {m['system']}; "
        f"Python {m['python']}, microgpt {m['microgpt']}"
    )
    if results.load_averages:
        sentence += f"; load average before it {results.load_averages[0]:.1f}"
    if m.get("isa", NATIVE) != NATIVE:
        sentence += f"; limited to {TITLES[m['isa']]}{_obeyed(results)}"
    versions = _versions(results)
    return sentence + (f"; {versions}" if versions else "") + "."


def _obeyed(results: Results) -> str:
    """Name the libraries that said they keep to the instruction set."""
    used = [m.metadata.get("instructions", {}) for m in results.measurements if not m.error]
    libraries = list(dict.fromkeys(name for one in used for name in one))
    return f", as {', '.join(libraries)} say" if libraries else ""


def _versions(results: Results) -> str:
    versions: dict[str, str] = dict(results.machine.get("peers", {}))
    for measurement in results.measurements:
        for name in ("numpy", "numba"):
            if name in measurement.metadata and not measurement.implementation.library:
                versions.setdefault(name, measurement.metadata[name])
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _workload_table(workload: Workload, results: Results) -> Iterator[str]:
    yield wrap(f"{workload.name}: {workload.title}.")
    yield f"In {workload.unit}; {'higher' if workload.higher_is_better else 'lower'} is better."
    measurements = results.for_workload(workload.name)
    yield from text_table([HEADER, *(_row(m) for m in measurements if m.blocks)], "lr", indent=2)
    for m in measurements:
        if not m.blocks:
            yield f"  not measured: {m.implementation.label}: {m.error or 'no block was run'}"
    yield from (wrap(sentence) for sentence in comparison_sentences(workload, results))


def _row(m: Measurement) -> tuple[str, ...]:
    assert m.median is not None
    assert m.best is not None
    assert m.block_range is not None
    unit = f" {m.unit}" if "unit" in m.metadata else ""
    return (
        m.implementation.label,
        format_measured(m.in_unit(m.median)) + unit,
        " to ".join(map(format_measured, sorted(map(m.in_unit, m.block_range)))),
        format_measured(m.in_unit(m.best)) + unit,
        "" if m.first_call is None else format_duration(m.first_call),
        str(m.metadata.get("threads") or m.implementation.threads or ""),
        "" if m.peak_memory_mib is None else f"{m.peak_memory_mib:,.0f} MiB",
    )


def comparison_sentences(workload: Workload, results: Results) -> Iterator[str]:
    """Compare our replayed engine with the slowest engine, the best peer and the bandwidth."""
    if workload.name == "products":
        yield from _products_sentence(results)
        return
    engines = [
        m
        for m in results.for_workload(workload.name)
        if m.blocks and m.implementation.name in ENGINES
    ]
    slowest = max(engines, key=lambda m: m.median or 0.0, default=None)
    speedup = None if workload.name == "start" else results.speedup(workload.name, slowest)
    if slowest is not None and speedup is not None and slowest.implementation.name != OURS:
        engine = slowest.implementation.label.partition(":")[0]
        yield f"microgpt {OURS} is {format_measured(speedup)} × as fast as {engine}."
    peer = results.best_peer(workload.name)
    speedup = results.speedup(workload.name, peer)
    if peer is not None and speedup is not None:
        label = peer.implementation.label
        yield f"microgpt {OURS} is {format_measured(speedup)} × the best peer ({label})."
    fraction = bandwidth_fraction(results) if workload.name == "generate" else None
    memory = results.find(workload.name, "memory")
    if fraction is not None and memory is not None and memory.median is not None:
        bandwidth = memory.in_unit(memory.median)
        yield (
            f"Every token needs all weights: microgpt {OURS} reads "
            f"{format_measured(fraction * bandwidth)} GB/s of them, {100 * fraction:.0f} % of this "
            f"machine's memory bandwidth of {format_measured(bandwidth)} GB/s."
        )


def scaling_table(results: Results) -> Iterator[str]:
    """Yield the lines of the table of the workload "scaling"."""
    rows = scaling.scaling_rows(results)
    base = scaling.BASE_CONFIG
    yield wrap(
        f"scaling: {WORKLOADS['scaling'].title}: {base.n_layer} layers, n_embd {base.n_embd}, "
        f"{scaling.BATCH_SIZE} texts of {scaling.SEQ_LEN} tokens, except where one of these grows."
    )
    yield wrap(
        'In ms; lower is better. "FLOP/byte" is the arithmetic intensity if nothing stays in a '
        'cache; "achieved" are GFLOP/s with the most threads, and "attainable" is the roofline: '
        "what peak rate and memory bandwidth allow. Small models stay in the cache, and may do "
        "better."
    )
    counts = sorted({row.threads for row in rows})
    header = ["", *map(format_threads, counts), "FLOP/byte", "achieved", "attainable", ""]
    lines: list[Sequence[str]] = [header]
    by_point: dict[str, dict[int, scaling.ScalingRow]] = {}
    for row in rows:
        by_point.setdefault(row.point.name, {})[row.threads] = row
    for name, by_threads in by_point.items():
        last = by_threads[max(by_threads)]
        times = [
            format_measured(by_threads[n].seconds * 1e3) if n in by_threads else "" for n in counts
        ]
        attainable = last.attainable_gflops
        lines.append([
            name,
            *times,
            format_measured(last.point.arithmetic_intensity),
            format_measured(last.achieved_gflops),
            "" if attainable is None else format_measured(attainable),
            "a cliff" if any(row.is_cliff for row in by_threads.values()) else "",
        ])  # fmt: skip
    yield from text_table(lines, "lr", indent=2)
    for m in results.for_workload("scaling"):
        is_peak = m.task in scaling.PEAK_RATE_TASKS and m.median is not None
        if is_peak and m.implementation.threads == counts[-1]:
            yield f"  peak {m.task}: {format_measured(m.in_unit(m.median or 0))} {m.unit}"
    for m in results.for_workload("scaling"):
        if m.error:
            yield f"  not measured: {m.task}, {m.implementation.label}: {m.error}"


def products_table(results: Results) -> Iterator[str]:
    """Yield the lines of the table of the workload "products"."""
    workload = WORKLOADS["products"]
    yield wrap(f"products: {workload.title}: tokens × inputs → outputs.")
    yield wrap(
        f"In {workload.unit}; higher is better. The best BLAS is the fastest of all others, "
        "whatever its number of threads."
    )
    lines: list[Sequence[str]] = [("", OURS, "best BLAS", "ratio", "")]
    for row in products.product_rows(results):
        rates = [
            "" if m is None or m.median is None else format_measured(m.in_unit(m.median))
            for m in (row.ours, row.blas)
        ]
        ratio = "" if row.ratio is None else format_measured(row.ratio)
        label = "" if row.blas is None else row.blas.implementation.label
        lines.append((row.layer.name, *rates, ratio, label))
    yield from text_table(lines, "lrrrl", indent=2)
    for m in results.for_workload("products"):
        if not m.blocks:
            reason = m.error or "no block was run"
            yield f"  not measured: {m.task}, {m.implementation.label}: {reason}"
    yield from map(wrap, _products_sentence(results))


def _products_sentence(results: Results) -> Iterator[str]:
    ratios = products.min_and_mean_ratio(results)
    if ratios is not None:
        lowest, mean = map(format_measured, ratios)
        yield (
            f"microgpt {OURS} is {lowest} × the best BLAS where it is lowest, and {mean} × in the "
            f"geometric mean of {len(products.LAYERS)} layers."
        )


def format_targets(results: Results) -> str:
    """Format the performance targets and whether this run met them."""
    lines: list[Sequence[str]] = [("", "target", "measured", "")]
    for perf_target in perf_targets(results):
        verdict = {True: "met", False: "missed", None: "not measured"}[perf_target.met]
        value = "" if perf_target.value is None else format_measured(perf_target.value)
        description = f"{perf_target.workload}: {perf_target.description}"
        lines.append((description, format_measured(perf_target.target), value, verdict))
    return "\n".join(["Targets.", *text_table(lines, "lr", indent=2)])


def format_duration(seconds: float) -> str:
    """Format a duration in s, ms or µs."""
    unit = next((name for name, limit in (("s", 1.0), ("ms", 1e-3)) if seconds >= limit), "µs")
    return f"{format_measured(seconds * TIME_UNITS[unit])} {unit}"


def format_measured(number: float) -> str:
    """Format a number with at least three significant digits."""
    for limit, digits in ((100, 0), (10, 1), (1, 2), (0.1, 3)):
        if abs(number) >= limit:
            return f"{number:,.{digits}f}"
    return f"{number:.3g}"
