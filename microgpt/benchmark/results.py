"""What was measured, and the numbers that are shown of it."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from microgpt.benchmark.implementations import Contender
from microgpt.benchmark.workloads import Work


@dataclass
class Measurement:
    """One contender on one task of a work. `blocks` are the seconds of each unit, block by block.

    `first` is the first call, with what it compiles and warms up; `trouble` says why there are no
    numbers.
    """

    work: Work
    contender: Contender
    task: str = ""
    blocks: list[list[float]] = field(default_factory=list)
    count: float = 1
    first: float | None = None
    peak: float | None = None
    about: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""

    @property
    def typical(self) -> float | None:
        """The median of the blocks' medians, in seconds for one step, token or letter.

        Not that of all units: a block ends by time, so a fast one has more of them.
        """
        return median(self._medians) if self.blocks else None

    @property
    def spread(self) -> tuple[float, float] | None:
        """The least and the greatest of the blocks' medians, in the same seconds."""
        return (min(self._medians), max(self._medians)) if self.blocks else None

    @property
    def _medians(self) -> list[float]:
        return [median(block) / self.count for block in self.blocks]

    @property
    def best(self) -> float | None:
        """The shortest unit, in seconds for one step, token or letter."""
        units = [unit for block in self.blocks for unit in block]
        return min(units) / self.count if units else None

    @property
    def unit(self) -> str:
        """What its numbers are in: the work's, unless it measured something beside the work."""
        return self.about.get("unit", self.work.unit)

    def number(self, seconds: float) -> float:
        """Seconds for one thing, in the unit."""
        return 1e-9 / seconds if "unit" in self.about else self.work.number(seconds)

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it; numbers of the work are in the work's unit."""
        typical, best = self.typical, self.best
        return {
            "contender": self.contender.name,
            "words": self.contender.words,
            "library": self.contender.library or "microgpt",
            "task": self.task,
            "unit": self.unit,
            "median": None if typical is None else self.number(typical),
            "best": None if best is None else self.number(best),
            "block_medians": [self.number(seconds) for seconds in self._medians],
            "first_call_s": self.first,
            "threads": self.about.get("threads", self.contender.threads),
            "peak_memory_mib": self.peak,
            "about": self.about,
            "trouble": self.trouble,
        }


@dataclass
class Results:
    """All measurements of a run."""

    measurements: list[Measurement] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)

    def of(self, work: str) -> list[Measurement]:
        """The measurements of a work, in order."""
        return [m for m in self.measurements if m.work.name == work]

    def find(self, work: str, contender: str) -> Measurement | None:
        """One contender's measurement, if it came to numbers."""
        found = (m for m in self.of(work) if m.contender.name == contender)
        return next((m for m in found if m.blocks), None)

    def best_peer(self, work: str, beginning: str = "") -> Measurement | None:
        """The fastest contender of another library, by the median; `beginning` is of its name."""
        peers = [
            m
            for m in self.of(work)
            if m.contender.library and m.blocks and m.contender.name.startswith(beginning)
        ]
        return min(peers, key=lambda m: m.typical or float("inf"), default=None)

    def ratio(self, work: str, slower: Measurement | None, ours: str = "replayed") -> float | None:
        """How many times as fast as another measurement our contender is."""
        mine = self.find(work, ours)
        if mine is None or slower is None or mine.typical is None or slower.typical is None:
            return None
        return slower.typical / mine.typical
