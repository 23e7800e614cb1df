"""Measurements and their statistics."""

import statistics
from dataclasses import dataclass, field
from typing import Any

from microgpt.benchmark.implementations import Implementation
from microgpt.benchmark.workloads import Workload


@dataclass
class Measurement:
    """The measurement of one implementation on one task of a workload.

    `blocks` has the seconds of each unit of work, block by block; a unit is `count` steps, tokens
    or characters. `first_call` (seconds) includes compilation. `error` is the reason if there are
    no numbers. `metadata` has library versions, threads and, for peak rates, the unit.
    """

    workload: Workload
    implementation: Implementation
    task: str = ""
    blocks: list[list[float]] = field(default_factory=list)
    count: float = 1
    first_call: float | None = None
    peak_memory_mib: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def median(self) -> float | None:
        """The median of the blocks' medians, in seconds per step, token or character.

        A median of all units would be biased: blocks end by time, so fast ones have more units.
        """
        return statistics.median(self._block_medians) if self.blocks else None

    @property
    def block_range(self) -> tuple[float, float] | None:
        """The smallest and the largest of the blocks' medians, in seconds like `median`."""
        return (min(self._block_medians), max(self._block_medians)) if self.blocks else None

    @property
    def _block_medians(self) -> list[float]:
        return [statistics.median(block) / self.count for block in self.blocks]

    @property
    def best(self) -> float | None:
        """The time of the fastest unit, in seconds per step, token or character."""
        units = [unit for block in self.blocks for unit in block]
        return min(units) / self.count if units else None

    @property
    def unit(self) -> str:
        """The unit of the presented numbers: the workload's, or GB/s or GFLOP/s of a peak rate."""
        return self.metadata.get("unit", self.workload.unit)

    def in_unit(self, seconds: float) -> float:
        """Convert seconds per step, token or character (byte or FLOP for a peak rate) to `unit`."""
        return 1e-9 / seconds if "unit" in self.metadata else self.workload.in_unit(seconds)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields and statistics as a dictionary for JSON; times are in `unit`."""
        median, best = self.median, self.best
        return {
            "implementation": self.implementation.name,
            "label": self.implementation.label,
            "library": self.implementation.library or "microgpt",
            "task": self.task,
            "unit": self.unit,
            "median": None if median is None else self.in_unit(median),
            "best": None if best is None else self.in_unit(best),
            "block_medians": [self.in_unit(seconds) for seconds in self._block_medians],
            "first_call_s": self.first_call,
            "threads": self.metadata.get("threads", self.implementation.threads),
            "peak_memory_mib": self.peak_memory_mib,
            "metadata": self.metadata,
            "error": self.error,
        }


@dataclass
class Results:
    """All measurements of a run."""

    measurements: list[Measurement] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    load_averages: list[float] = field(default_factory=list)

    def for_workload(self, workload: str) -> list[Measurement]:
        """Return the measurements of a workload, in order."""
        return [m for m in self.measurements if m.workload.name == workload]

    def find(self, workload: str, implementation: str) -> Measurement | None:
        """Return the measurement of an implementation; None if it is missing or has no blocks."""
        matches = (
            m for m in self.for_workload(workload) if m.implementation.name == implementation
        )
        return next((m for m in matches if m.blocks), None)

    def best_peer(self, workload: str, prefix: str = "") -> Measurement | None:
        """Return the peer with the lowest median among those whose names begin with `prefix`."""
        peers = [
            m
            for m in self.for_workload(workload)
            if m.implementation.library and m.blocks and m.implementation.name.startswith(prefix)
        ]
        return min(peers, key=lambda m: m.median or float("inf"), default=None)

    def speedup(
        self, workload: str, slower: Measurement | None, ours: str = "replayed"
    ) -> float | None:
        """Return how many times as fast as `slower` our implementation is, by the medians."""
        fast = self.find(workload, ours)
        if fast is None or slower is None or fast.median is None or slower.median is None:
            return None
        return slower.median / fast.median
