"""Numbers in a row as "0 to 31", and other short texts of the theatre."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from microgpt.plain_text import join_and, pluralize
from microgpt.viz.thread_theatre.data import ArrayPicture, CodeLine, Traffic

MAX_RANGES = 3

# Finding type -> (where nothing was found, where something was, what the interpreter reports).
VERDICTS = {
    "race": ("no race", "race", "a race"),
    "barrier": ("every barrier reached", "barrier missed", "a missed barrier"),
    "bounds": ("inside the arrays", "outside an array", "an access outside an array"),
    "unwritten": ("written before read", "read before written", "a read before any write"),
    "warp": ("warps complete", "lane missing", "a missing lane"),
    "double": ("no float64", "float64", "a float64"),
    "unordered": ("sums in order", "sum in any order", "a sum in any order"),
    "copy": ("copies awaited", "copy not awaited", "a copy that nobody awaits"),
}


def number_ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return distinct numbers in ascending order as ranges (first, last)."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], number
        else:
            ranges.append((number, number))
    return ranges


def range_text(
    numbers: Sequence[int], label: Callable[[int], str], many: Callable[[int], str]
) -> str:
    """Return numbers as "0 to 31", "0, 2, … 62", or `many` of their count."""
    ranges = number_ranges(numbers)
    if len(ranges) <= MAX_RANGES:
        return join_and(
            label(first) if first == last else f"{label(first)} to {label(last)}"
            for first, last in ranges
        )
    found = sorted(set(numbers))
    steps = {second - first for first, second in pairwise(found)}
    if len(steps) == 1:
        return f"{label(found[0])}, {label(found[1])}, … {label(found[-1])}"
    return many(len(found))


def array_note(array: ArrayPicture, has_counts: bool = False) -> str:
    """Return how large an array is and where it stands; with counts, how its banks lie."""
    is_list = len(array.shape) == 1
    size = pluralize(array.shape[0], "number") if is_list else " × ".join(map(str, array.shape))
    where = "global" if array.block is None else f"block {array.block}"
    if array.block is not None and is_list:
        where = f"shared, {where}"
    if array.per_cell > 1:
        return f"{size}, {where}, {array.per_cell} a cell"
    is_by_bank = has_counts and array.block is not None and array.columns == 32 <= len(array.cells)
    return f"{size}, {where}, one bank a column" if is_by_bank else f"{size}, {where}"


def traffic_text(traffic: Traffic) -> str:
    """Return counts as text: "64 loads, 1 store: 9 sectors, the fewest possible"."""
    parts = []
    if traffic.loads or traffic.stores:
        asked = _counts((traffic.loads, "load"), (traffic.stores, "store"))
        parts.append(f"{asked}: {_cost(traffic.sectors, traffic.min_sectors, 'sector')}")
    if traffic.shared_reads or traffic.shared_writes:
        asked = _counts(
            (traffic.shared_reads, "shared read"), (traffic.shared_writes, "shared write")
        )
        parts.append(f"{asked}: {_cost(traffic.passes, traffic.min_passes, 'pass')}")
    return " · ".join(parts) or "touches no memory"


def cost_text(cost: int, min_cost: int, space: str) -> str:
    """Return the cost of a request, with the least possible if that is less."""
    return _cost(cost, min_cost, "sector" if space == "global" else "pass")


def code_pieces(text: str) -> list[str]:
    """Return the pieces of a line of code between which it may be broken: "f(a, ", "b)"."""
    return re.findall(r"(?:def )?[^ (]*[ (]|[^ (]+$", text)


def hanging_indent(line: CodeLine) -> int:
    """Return how many letters a line of code is indented."""
    return len(line.text) - len(line.text.lstrip())


def _counts(*pairs: tuple[int, str]) -> str:
    return ", ".join(pluralize(count, noun) for count, noun in pairs if count)


def _cost(cost: int, min_cost: int, noun: str) -> str:
    plural = noun if cost == 1 else noun + ("es" if noun.endswith("s") else "s")
    fewest = "" if cost <= min_cost else f" where {min_cost:,} would do"
    return f"{cost:,} {plural}{fewest}"
