"""`Launches`: the launches of a recording as a table, with shapes, source lines and times."""

from math import inf
from typing import NamedTuple

from microgpt.plain_text import text_table


class Launch(NamedTuple):
    """One launch: kernel name, shapes of its arrays, source line that led to it, and duration.

    That of a launch which threads share includes their start, 1 to 2 µs, which a replay of all
    launches needs once.
    """

    name: str
    shapes: tuple[tuple[int, ...], ...]
    source: str
    seconds: float


class Launches(tuple[Launch, ...]):
    """Launches in order; they print as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self:
            return "no launches: nothing has been recorded yet"
        total = sum(launch.seconds for launch in self)
        rows: list[tuple[str, ...]] = [("", "kernel", "µs", "share", "source", "shapes")]
        for number, launch in enumerate(self):
            times = ("", "")
            if total < inf:
                times = (f"{launch.seconds * 1e6:,.1f}", f"{launch.seconds / (total or 1):.0%}")
            shapes = " ".join(str(shape).replace(" ", "") for shape in launch.shapes)
            rows.append((str(number), launch.name, *times, launch.source, shapes))
        if total < inf:
            rows.append(("", "total", f"{total * 1e6:,.1f}", "", "", ""))
        return "\n".join(text_table(rows, align="rlrrl"))
