"""What was hoped for of one large GPU before anything was measured, beside what was measured."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

COPY, OURS, TOKENS = "copy", "microgpt", "65,536 names"
MEMORY_KERNELS = "gelu", "rms_norm", "layer_norm", "softmax", "adamw"
LARGE_PRODUCT = "4096 × 4096 × 4096"
RECIPE_1, RECIPE_32 = "microgpt, 1 text", "microgpt, 32 texts"
CHAR, GPT2 = "letters, 6 layers of 384, 64 texts of 256", "GPT-2 124M, 4 texts of 1,024"
EAGER, REDUCE_OVERHEAD = "PyTorch eager", "PyTorch reduce-overhead"
PRODUCT_PEER = "PyTorch (cuBLAS)"
HIGHEST, SPLIT, HIGH = "highest", "3xtf32", "high"


class GpuMark(NamedTuple):
    """A number that is to be reached; `value` is the measured one, None if it was not measured."""

    description: str
    target: float
    value: float | None

    @property
    def met(self) -> bool | None:
        """Whether it was reached; None if it was not measured."""
        return None if self.value is None else self.value >= self.target


def gpu_marks(figures: Sequence[dict[str, Any]]) -> list[GpuMark]:
    """Return every mark with what the figures of all rows give for it."""
    return list(_marks([one for one in figures if "seconds" in one]))


def _marks(figures: Sequence[dict[str, Any]]) -> Iterator[GpuMark]:
    copy = _seconds_per(figures, "bytes", COPY, OURS)
    for work in MEMORY_KERNELS:
        ours = _seconds_per(figures, "bytes", work, OURS)
        yield GpuMark(f"{work} on 256 MiB: share of a copy's bandwidth", 0.8, _ratio(copy, ours))
    for precision, peer, target in (
        (HIGHEST, HIGHEST, 0.7),
        (SPLIT, HIGHEST, 1),
        (HIGH, HIGH, 0.5),
    ):
        yield GpuMark(
            f"product {LARGE_PRODUCT}, {precision}: times as fast as cuBLAS, {peer}",
            target,
            _ratio(
                _seconds(figures, LARGE_PRODUCT, PRODUCT_PEER, peer),
                _seconds(figures, LARGE_PRODUCT, OURS, precision),
            ),
        )
    for work, peer, target in (
        (RECIPE_1, EAGER, 10), (RECIPE_32, EAGER, 10), (RECIPE_32, REDUCE_OVERHEAD, 3),
        (CHAR, EAGER, 1.2), (GPT2, EAGER, 1),
    ):  # fmt: skip
        theirs, ours = (_seconds(figures, work, name, HIGHEST) for name in (peer, OURS))
        yield GpuMark(f"a step of {work}: times as fast as {peer}", target, _ratio(theirs, ours))
    tokens = _seconds_per(figures, "tokens", TOKENS, OURS)
    yield GpuMark(f"{TOKENS} at once: tokens a second", 30e6, 1 / tokens if tokens else None)


def _find(figures: Sequence[dict], work: str, contender: str, precision: str) -> dict | None:
    for one in figures:
        if (one["work"], one["contender"], one["precision"]) == (work, contender, precision):
            return one
    return None


def _seconds(figures: Sequence[dict], work: str, contender: str, precision: str) -> float | None:
    found = _find(figures, work, contender, precision)
    return None if found is None else found["seconds"]


def _seconds_per(figures: Sequence[dict], unit: str, work: str, contender: str) -> float | None:
    found = _find(figures, work, contender, HIGHEST)
    return None if found is None else found["seconds"] / found[unit]


def _ratio(theirs: float | None, ours: float | None) -> float | None:
    return theirs / ours if theirs and ours else None
