"""The launches of a recording as a table: what actually runs, and what it takes."""

from math import inf
from typing import NamedTuple


class Launch(NamedTuple):
    """One launch: the kernel, the shapes of its arrays, the line that led to it, its time."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    line: str
    seconds: float


class Launches(tuple[Launch, ...]):
    """Launches in order; printed, they are a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self:
            return "no launches: nothing has been recorded yet"
        total = sum(launch.seconds for launch in self)
        rows: list[tuple[str, ...]] = [("", "kernel", "µs", "share", "line", "shapes")]
        for number, launch in enumerate(self):
            times = (f"{launch.seconds * 1e6:,.1f}", f"{launch.seconds / (total or 1):.0%}")
            if total == inf:
                times = ("", "")
            shapes = " ".join(str(shape).replace(" ", "") for shape in launch.shapes)
            rows.append((str(number), launch.name, *times, launch.line, shapes))
        if total < inf:
            rows.append(("", "total", f"{total * 1e6:,.1f}", "", "", ""))
        return "\n".join(_aligned(rows))


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = (str.rjust, str.ljust, str.rjust, str.rjust, str.ljust, str.ljust)
    return [
        "  ".join(
            side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
