"""A matrix product on a GPU: what each kernel asks of memory, and its time where a GPU is."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from microgpt.benchmark.gpu_products import (
    CPU,
    CROSSOVER_SIZES,
    LADDER_SIZE,
    LIBRARY,
    ON_GPU,
    WITH_COPIES,
    Seconds,
    connected_gpu,
    time_crossover,
    time_ladder,
)
from microgpt.benchmark.product_ladder import RUNGS, SHAPE, RungCounts, count_ladder
from microgpt.plain_text import join_and
from microgpt.viz.counted_bars import (
    BarRow,
    BarsState,
    bars_table,
    draw_bars,
    render_bars,
)
from microgpt.widgets.panel import Panel

NO_GPU = "There is no GPU here, so nothing is timed."
NO_LADDER = f"The bars are the sectors that each kernel requests, counted without a clock. {NO_GPU}"
LADDER_QUESTION = "How long does each kernel take?"
FLOAT_BYTES = 4


def product_ladder() -> Panel:
    """Show how many sectors each kernel of a small product requests, counted by the interpreter."""
    return bars_panel(count_state(count_ladder()))


def gpu_ladder() -> Panel:
    """Show the time of each kernel, as a ratio to the package's own product, on this GPU.

    Without a GPU it says so, and the bars are those of `product_ladder`.
    """
    gpu = connected_gpu()
    if gpu is None:
        return bars_panel(untimed_state(count_ladder()))
    return bars_panel(time_state(time_ladder(gpu)))


def gpu_crossover() -> Panel:
    """Show from which size on this GPU is faster than the CPU, with and without copying.

    Without a GPU it shows how many operations each byte that is copied pays for.
    """
    gpu = connected_gpu()
    if gpu is None:
        return bars_panel(copy_state(CROSSOVER_SIZES))
    return bars_panel(
        crossover_state({size: time_crossover(gpu, size) for size in CROSSOVER_SIZES})
    )


def count_state(counts: Sequence[RungCounts]) -> BarsState:
    """Return the bars of counted sectors, longest first."""
    M, K, N = SHAPE
    first, minimum = counts[0], counts[-1]
    rows = tuple(
        BarRow(
            rung.name, rung.note, rung.sectors, f"{rung.sectors:,} sectors",
            f"{rung.shared_reads:,} shared reads" if rung.shared_reads else "",
            is_reference=rung is minimum,
        )
        for rung in counts
    )  # fmt: skip
    names = [f"{rung.name} {rung.sectors:,}" for rung in counts[:-1]]
    loads = [f"{rung.loads_per_input:.1f}" for rung in counts[:-1]]
    caption = (
        f"Sectors of global memory requested for a product of {M} × {K} by {K} × {N}, to read and "
        f"to write: {join_and(names)}. At least {minimum.sectors} are needed to read each number "
        f"once and to write each result. On average, a number is requested {join_and(loads)} "
        "times, in the same order."
    )
    header = ("", "loads", "average per number", "sectors", "shared reads", "passes")
    table = tuple(
        (rung.name, f"{rung.loads:,}", f"{rung.loads_per_input:.1f} ×", f"{rung.sectors:,}",
         f"{rung.shared_reads:,}", f"{rung.passes:,}")
        for rung in counts
    )  # fmt: skip
    return BarsState(
        "How many sectors does each kernel request?", f"{first.sectors / minimum.sectors:.3g} ×",
        "fewer, from first to last", "sectors", rows, caption, header, table,
    )  # fmt: skip


def untimed_state(counts: Sequence[RungCounts]) -> BarsState:
    """Return the bars of counted sectors where there is no GPU to time the kernels on."""
    return replace(
        count_state(counts), figure="No GPU", figure_label="here, so sectors in place of times",
        caption=NO_LADDER,
    )  # fmt: skip


def time_state(seconds: Seconds) -> BarsState:
    """Return the bars of times, as ratios to the package's own product within each round."""
    notes = {rung.name: rung.note for rung in RUNGS} | {LIBRARY: "of the back end for GPUs"}
    ratios = {name: _ratios(times, seconds[LIBRARY]) for name, times in seconds.items()}
    rows = tuple(
        BarRow(
            name, notes[name], median(values), f"{median(values):.2f} ×",
            f"{min(values):.2f} to {max(values):.2f}", min(values), max(values),
        )
        for name, values in ratios.items()
    )  # fmt: skip
    slowest = max(ratios, key=lambda name: median(ratios[name]))
    caption = (
        f"A product of {LADDER_SIZE:,} × {LADDER_SIZE:,} numbers on this GPU: {slowest} takes "
        f"{median(ratios[slowest]):.3g} times as long as {LIBRARY}. Bars are medians of "
        f"{len(seconds[LIBRARY])} rounds, in which all ran alternately; thin lines reach from the "
        "smallest to the largest ratio."
    )
    return BarsState(
        LADDER_QUESTION, f"{median(ratios[slowest]):.3g} ×",
        f"the time of {LIBRARY}, at most", "×", rows, caption, *_ratio_table(ratios),
    )  # fmt: skip


def copy_state(sizes: Sequence[int]) -> BarsState:
    """Return the bars of operations for each byte that a product copies to a GPU and back."""
    rows, table = [], []
    for size in sizes:
        operations, copied = 2 * size**3, 3 * FLOAT_BYTES * size**2
        table.append(
            (f"{size:,} × {size:,}", f"{operations:,}", f"{copied:,}", f"{operations / copied:.4g}")
        )
        rows.append(
            BarRow(
                f"{size:,} × {size:,}", f"{in_words(copied)} bytes copied",
                operations / copied, f"{operations / copied:.3g} per byte",
                f"{in_words(operations)} operations",
            )
        )  # fmt: skip
    first, last = rows[0], rows[-1]
    caption = (
        f"A product of {first.name} has {first.value:.3g} operations for each byte that is copied "
        f"to a GPU and back, one of {last.name} has {last.value:.3g}: the larger the matrices, the "
        f"less a copy matters. From which size on a GPU is faster, only a clock says. {NO_GPU}"
    )
    header = ("matrices", "operations", "bytes copied", "operations per byte")
    return BarsState(
        "How much work does each copied byte bring?", f"{last.value / first.value:.3g} ×",
        "the work per byte, from first to last", "per byte", tuple(rows), caption, header,
        tuple(table),
    )  # fmt: skip


def crossover_state(seconds: dict[int, Seconds]) -> BarsState:
    """Return the bars of how many times as fast as the CPU the GPU is, copies included."""
    rows, wins = [], []
    for size, times in seconds.items():
        copied, resident = (_ratios(times[CPU], times[way]) for way in (WITH_COPIES, ON_GPU))
        wins += [size] if min(copied) > 1 else []
        rows.append(
            BarRow(
                f"{size:,} × {size:,}", f"already there: {median(resident):.2f} ×", median(copied),
                f"{median(copied):.2f} ×", f"{min(copied):.2f} to {max(copied):.2f}",
                min(copied), max(copied),
            )
        )  # fmt: skip
    if wins != [size for size in seconds if wins and size >= wins[0]]:
        wins = []  # a larger one lost
    verdict = (
        f"From {wins[0]:,} × {wins[0]:,} on, the GPU is faster in every round, copies included"
        if wins
        else "No size from which on the GPU was faster in every round was seen here"
    )
    caption = (
        f"{verdict}. Bars say how many times as fast as this CPU, with copying there and back: "
        "medians of the ratios within a round; thin lines reach from the smallest to the largest."
    )
    header = ("matrices", "with copies", "already there")
    table = tuple((row.name, row.text, row.note.partition(": ")[2]) for row in rows)
    return BarsState(
        "When is a GPU faster?", f"{wins[0]:,} × {wins[0]:,}" if wins else "no size",
        "is where the GPU begins to win" if wins else "at which the GPU always wins",
        "×", tuple(rows), caption, header, table,
    )  # fmt: skip


def in_words(count: int) -> str:
    """Return a count with three digits: "432", "49.2 thousand", "17.2 billion"."""
    for size, word in ((10**9, " billion"), (10**6, " million"), (10**3, " thousand")):
        if count >= size:
            return f"{count / size:.3g}{word}"
    return str(count)


def _ratios(times: Sequence[float], base: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(times, base, strict=True)]


def _ratio_table(ratios: dict[str, list[float]]) -> tuple[tuple[str, ...], Any]:
    rounds = range(1, len(next(iter(ratios.values()))) + 1)
    header = (f"× {LIBRARY}", *(f"round {number}" for number in rounds))
    return header, tuple((name, *(f"{value:.3f}" for value in values))
                         for name, values in ratios.items())  # fmt: skip


def bars_panel(state: BarsState) -> Panel:
    """Return the view of some bars."""
    return Panel(state, render_bars, draw_bars, css_class="timing", numbers_table=bars_table)
