"""How the time of a step grows with each size, and what the machine would allow: the roofline.

A step can be no faster than its operations divided by the most the machine computes in a second,
nor than its bytes divided by the most it reads (Williams, Waterman & Patterson 2009).
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from microgpt.config import GPTConfig

BASE = GPTConfig.preset("char")
BATCH, CONTEXT = 8, 64
AXES: dict[str, tuple[int, ...]] = {
    "batch": (1, 2, 4, 8, 16, 32),
    "context": (16, 32, 64, 128, 256),
    "width": (32, 64, 128, 256, 512),
}
QUICK = {"batch": (2, 8), "context": (16, 64), "width": (32, 128)}
HEAD = 32  # how wide a head is, whatever the model's width
# Task -> what its request asks for: measured beside the points.
ROOFS: dict[str, dict[str, Any]] = {
    "reading memory": {"kind": "reading", "mib": 512},
    "computing": {"kind": "multiplying"},
}
CLIFF = 1.5  # times as long as its operations explain


@dataclass(frozen=True)
class Point:
    """A model and a batch: one size of `axis`, the others as usual."""

    axis: str
    size: int
    config: GPTConfig
    batch: int
    context: int

    @property
    def name(self) -> str:
        """What tells it apart from the others."""
        return f"{self.axis} {self.size}"

    @property
    def operations(self) -> float:
        """Multiplications and additions of one step: forward, and twice that for backward.

        Two for each weight of a matrix and token; attention's scores and mixture look back half
        the context on average.
        """
        c, tokens = self.config, self.batch * self.context
        weights = c.n_layer * 12 * c.n_embd**2 + c.vocab_size * c.n_embd
        attention = c.n_layer * 2 * self.context * c.n_embd
        return 3.0 * tokens * (2 * weights + attention)

    @property
    def bytes(self) -> float:
        """The least that must be moved if nothing stayed in a cache, in float32.

        Weights: read forward and backward; gradients: cleared, added to, read; AdamW reads and
        writes weights and both moments. Activations: written once, read twice.
        """
        c, tokens = self.config, self.batch * self.context
        parameters = sum(map(math.prod, c.parameter_shapes().values()))
        activations = tokens * (c.n_layer * 15 * c.n_embd + 2 * c.vocab_size)
        return 4.0 * (12 * parameters + 3 * activations)

    @property
    def intensity(self) -> float:
        """Operations for each byte moved."""
        return self.operations / self.bytes


def points(quick: bool = False) -> list[Point]:
    """Every point, axis by axis."""
    found = []
    for axis, sizes in (QUICK if quick else AXES).items():
        for size in sizes:
            batch = size if axis == "batch" else BATCH
            context = size if axis == "context" else CONTEXT
            width = size if axis == "width" else BASE.n_embd
            heads = max(1, width // HEAD)
            config = replace(BASE, n_embd=width, n_head=heads, block_size=context)
            found.append(Point(axis, size, config, batch, context))
    return found


def bytes_for_a_token(config: GPTConfig) -> float:
    """The weights read to draw one token, float32: all, but of tables only the rows looked up."""
    tables = ["wpe.weight"] if config.tie_weights else ["wpe.weight", "wte.weight"]
    shapes = config.parameter_shapes()
    unread = sum((shapes[name][0] - 1) * config.n_embd for name in tables if name in shapes)
    return 4.0 * (sum(map(math.prod, shapes.values())) - unread)


@dataclass(frozen=True)
class Row:
    """One point with one number of threads: its seconds, the GFLOP/s reached and possible."""

    point: Point
    threads: int
    seconds: float
    reached: float
    roof: float | None
    cliff: bool


def rows(results) -> list[Row]:
    """The table of the work "scaling": each point with each number of threads."""
    taken = {
        (m.task, m.contender.threads): m for m in results.of("scaling") if m.typical is not None
    }
    known = {point.name: point for quick in (True, False) for point in points(quick)}
    found: list[Row] = []
    for (task, threads), m in taken.items():
        if task not in known:
            continue
        point, seconds = known[task], m.typical
        bandwidth, peak = (taken.get((roof, threads)) for roof in ROOFS)
        roof = None
        if bandwidth is not None and peak is not None:
            roof = min(1 / peak.typical, point.intensity / bandwidth.typical) / 1e9
        smaller = [row for row in found if row.point.axis == point.axis and row.threads == threads]
        cliff = False
        if smaller:
            before = smaller[-1]
            more = point.operations / before.point.operations
            cliff = seconds / before.seconds > CLIFF * more
        found.append(Row(point, threads, seconds, point.operations / seconds / 1e9, roof, cliff))
    return found
