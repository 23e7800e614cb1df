"""The performance targets of this package, and whether a run met them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.scaling import CLIFF_FACTOR, bytes_per_token, scaling_rows
from microgpt.config import GPTConfig

OURS = "replayed"


@dataclass(frozen=True)
class PerfTarget:
    """A performance target; `value` is the measured one, None if it was not measured.

    `is_upper_bound`: whether the value must be at most the target; otherwise at least.
    """

    workload: str
    description: str
    target: float
    value: float | None
    is_upper_bound: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target was met; None if it was not measured."""
        if self.value is None:
            return None
        return self.value <= self.target if self.is_upper_bound else self.value >= self.target

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as a dictionary for JSON."""
        return {
            "workload": self.workload, "description": self.description, "target": self.target,
            "value": self.value, "is_upper_bound": self.is_upper_bound, "met": self.met,
        }  # fmt: skip


def perf_targets(results: Results) -> Iterator[PerfTarget]:
    """Yield every target of the workloads that were measured."""
    for workload, targets in TARGETS.items():
        if results.for_workload(workload):
            yield from targets(results)


def _recipe(results: Results) -> Iterator[PerfTarget]:
    ours = _median_in_unit(results.find("recipe", OURS))
    yield PerfTarget("recipe", "µs a step, at most", 25, ours, is_upper_bound=True)
    for description, target, prefix in (
        ("times as fast as JAX, step by step", 4, "jax-step"),
        ("times as fast as JAX in one scan", 1, "jax-scan"),
        ("times as fast as PyTorch's best", 20, "torch"),
    ):
        peer = results.best_peer("recipe", prefix)
        yield PerfTarget("recipe", description, target, results.speedup("recipe", peer))
    speedup = results.speedup("recipe", results.find("recipe", "value"))
    yield PerfTarget("recipe", "times as fast as pure Python", 4000, speedup)


def _speedup(workload: str, target: float, prefix: str, peer: str) -> Callable:
    def targets(results: Results) -> Iterator[PerfTarget]:
        speedup = results.speedup(workload, results.best_peer(workload, prefix))
        yield PerfTarget(workload, f"times as fast as {peer}", target, speedup)

    return targets


def _gpt2(results: Results) -> Iterator[PerfTarget]:
    yield from _speedup("gpt2", 1.25, "torch", "PyTorch's best")(results)
    ours = results.find("gpt2", OURS)
    peak = None if ours is None else ours.peak_memory_mib
    yield PerfTarget("gpt2", "MiB of peak memory, at most", 2350, peak, is_upper_bound=True)


def _generate(results: Results) -> Iterator[PerfTarget]:
    peer = "torch-transformers"
    yield from _speedup("generate", 2, peer, "transformers on PyTorch")(results)
    fraction = bandwidth_fraction(results)
    percent = None if fraction is None else 100 * fraction
    yield PerfTarget("generate", "per cent of the memory bandwidth read weights", 75, percent)


def _names(results: Results) -> Iterator[PerfTarget]:
    rate = _median_in_unit(results.find("names", OURS))
    yield PerfTarget("names", "characters a second", 30_000, rate)


def _start(results: Results) -> Iterator[PerfTarget]:
    seconds = _median_in_unit(results.find("start", OURS))
    yield PerfTarget("start", "s, at most", 1.5, seconds, is_upper_bound=True)


def _scaling(results: Results) -> Iterator[PerfTarget]:
    rows = scaling_rows(results)
    cliffs = float(sum(row.is_cliff for row in rows)) if rows else None
    description = f"sizes at which a step takes over {CLIFF_FACTOR:g} times what it should, at most"
    yield PerfTarget("scaling", description, 0, cliffs, is_upper_bound=True)


TARGETS: dict[str, Callable[[Results], Iterator[PerfTarget]]] = {
    "recipe": _recipe,
    "batch": _speedup("batch", 2.5, "", "the best peer"),
    "char": _speedup("char", 1.3, "", "the best peer"),
    "gpt2": _gpt2,
    "generate": _generate,
    "names": _names,
    "start": _start,
    "scaling": _scaling,
}


def _median_in_unit(measurement: Measurement | None) -> float | None:
    if measurement is None or measurement.median is None:
        return None
    return measurement.in_unit(measurement.median)


def bandwidth_fraction(results: Results, implementation: str = OURS) -> float | None:
    """Return the rate at which decoding reads weights, as a fraction of the memory bandwidth."""
    ours, memory = results.find("generate", implementation), results.find("generate", "memory")
    if ours is None or memory is None or not ours.median or not memory.median:
        return None
    return bytes_per_token(GPTConfig.preset("gpt2-124M")) / ours.median * memory.median
