"""The performance targets of this package, and whether a run met them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from microgpt.benchmark.implementations import OURS
from microgpt.benchmark.instruction_sets import AVX2, AVX512, NATIVE
from microgpt.benchmark.products import LAYERS, min_and_mean_ratio
from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.scaling import CLIFF_FACTOR, bytes_per_token, scaling_rows
from microgpt.config import GPTConfig

# How many times as fast as the best peer, where both may use the same instructions.
SPEEDUPS = {
    AVX2: {"recipe": 3, "batch": 2.8, "char": 1.4, "gpt2": 1.35},
    AVX512: {"recipe": 4, "batch": 3.3, "char": 1.6, "gpt2": 1.6},
}


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
        ("times as fast as JAX in one scan", _speedup_target(results, "recipe"), "jax-scan"),
        ("times as fast as PyTorch's best", 20, "torch"),
    ):
        peer = results.best_peer("recipe", prefix)
        yield PerfTarget("recipe", description, target, results.speedup("recipe", peer))
    speedup = results.speedup("recipe", results.find("recipe", "value"))
    yield PerfTarget("recipe", "times as fast as pure Python", 4000, speedup)


def _speedup_target(results: Results, workload: str) -> float:
    """Return the speedup to reach with the instructions that the run was allowed to use."""
    isa = results.machine.get("isa", NATIVE)
    if isa == NATIVE:
        isa = AVX512 if results.machine.get("simd") == "AVX-512" else AVX2
    return SPEEDUPS[isa][workload]


def _compare(results: Results, workload: str, peers: str = "", title: str = "") -> PerfTarget:
    """Compare with the fastest of the peers whose names begin with `peers`."""
    speedup = results.speedup(workload, results.best_peer(workload, peers))
    target = _speedup_target(results, workload)
    return PerfTarget(workload, f"times as fast as {title or 'the best peer'}", target, speedup)


def _batch(results: Results) -> Iterator[PerfTarget]:
    yield _compare(results, "batch")


def _char(results: Results) -> Iterator[PerfTarget]:
    yield _compare(results, "char")


def _gpt2(results: Results) -> Iterator[PerfTarget]:
    yield _compare(results, "gpt2", "torch", "PyTorch's best")
    ours = results.find("gpt2", OURS)
    peak = None if ours is None else ours.peak_memory_mib
    yield PerfTarget("gpt2", "MiB of peak memory, at most", 2350, peak, is_upper_bound=True)


def _generate(results: Results) -> Iterator[PerfTarget]:
    speedup = results.speedup("generate", results.best_peer("generate", "torch-transformers"))
    yield PerfTarget("generate", "times as fast as transformers on PyTorch", 2, speedup)
    fraction = bandwidth_fraction(results)
    percent = None if fraction is None else 100 * fraction
    yield PerfTarget("generate", "per cent of the memory bandwidth read weights", 80, percent)


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


def _products(results: Results) -> Iterator[PerfTarget]:
    ratios = min_and_mean_ratio(results)
    lowest, mean = (None, None) if ratios is None else ratios
    description = f"of the best BLAS, the lowest of {len(LAYERS)} layers"
    yield PerfTarget("products", description, 0.95, lowest)
    yield PerfTarget("products", "of the best BLAS, geometric mean", 1.0, mean)


TARGETS: dict[str, Callable[[Results], Iterator[PerfTarget]]] = {
    "recipe": _recipe,
    "batch": _batch,
    "char": _char,
    "gpt2": _gpt2,
    "generate": _generate,
    "names": _names,
    "start": _start,
    "scaling": _scaling,
    "products": _products,
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
