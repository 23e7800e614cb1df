"""The marks that this package set itself, and whether a run met them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from microgpt.benchmark import scaling
from microgpt.benchmark.results import Measurement, Results
from microgpt.config import GPTConfig

OURS = "replayed"


@dataclass(frozen=True)
class Mark:
    """What was wanted of a work; `value` is None where a contender that it needs took no part."""

    work: str
    text: str
    target: float
    value: float | None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether it was met; None if it was not measured."""
        if self.value is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return {
            "work": self.work, "text": self.text, "target": self.target, "value": self.value,
            "at_most": self.at_most, "met": self.met,
        }  # fmt: skip


def marks(results: Results) -> Iterator[Mark]:
    """Every mark of the works that were measured."""
    for work, make in MARKS.items():
        if results.of(work):
            yield from make(results)


def _recipe(results: Results) -> Iterator[Mark]:
    mine = _number(results.find("recipe", OURS))
    yield Mark("recipe", "µs a step, at most", 25, mine, at_most=True)
    for text, target, beginning in (
        ("times as fast as JAX, step by step", 4, "jax-step"),
        ("times as fast as JAX in one scan", 1, "jax-scan"),
        ("times as fast as PyTorch's best", 20, "torch"),
    ):
        peer = results.best_peer("recipe", beginning)
        yield Mark("recipe", text, target, results.ratio("recipe", peer))
    value = results.find("recipe", "value")
    yield Mark("recipe", "times as fast as pure Python", 4000, results.ratio("recipe", value))


def _against(work: str, target: float, beginning: str, whom: str) -> Callable:
    def make(results: Results) -> Iterator[Mark]:
        ratio = results.ratio(work, results.best_peer(work, beginning))
        yield Mark(work, f"times as fast as {whom}", target, ratio)

    return make


def _gpt2(results: Results) -> Iterator[Mark]:
    yield from _against("gpt2", 1.25, "torch", "PyTorch's best")(results)
    mine = results.find("gpt2", OURS)
    peak = None if mine is None else mine.peak
    yield Mark("gpt2", "MiB of memory held at once, at most", 2350, peak, at_most=True)


def _generate(results: Results) -> Iterator[Mark]:
    peer = "torch-transformers"
    yield from _against("generate", 2, peer, "transformers on PyTorch")(results)
    text = "per cent of what the machine reads in a second are weights read"
    share = read_share(results)
    yield Mark("generate", text, 75, None if share is None else 100 * share)


def _names(results: Results) -> Iterator[Mark]:
    yield Mark("names", "characters a second", 30_000, _number(results.find("names", OURS)))


def _start(results: Results) -> Iterator[Mark]:
    yield Mark("start", "s, at most", 1.5, _number(results.find("start", OURS)), at_most=True)


def _scaling(results: Results) -> Iterator[Mark]:
    rows = scaling.rows(results)
    cliffs = float(sum(row.cliff for row in rows)) if rows else None
    text = f"sizes at which a step takes over {scaling.CLIFF:g} times what it should, at most"
    yield Mark("scaling", text, 0, cliffs, at_most=True)


MARKS: dict[str, Callable[[Results], Iterator[Mark]]] = {
    "recipe": _recipe,
    "batch": _against("batch", 2.5, "", "the best peer"),
    "char": _against("char", 1.3, "", "the best peer"),
    "gpt2": _gpt2,
    "generate": _generate,
    "names": _names,
    "start": _start,
    "scaling": _scaling,
}


def _number(measurement: Measurement | None) -> float | None:
    if measurement is None or measurement.typical is None:
        return None
    return measurement.number(measurement.typical)


def read_share(results: Results, contender: str = OURS) -> float | None:
    """The weights that drawing reads in a second, as a share of all this machine could read."""
    mine, memory = results.find("generate", contender), results.find("generate", "memory")
    if mine is None or memory is None or not mine.typical or not memory.typical:
        return None
    read = scaling.bytes_for_a_token(GPTConfig.preset("gpt2-124M"))
    return read / mine.typical * memory.typical
