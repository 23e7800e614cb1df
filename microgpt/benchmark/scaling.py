"""How the time of a step grows with each size, and the roofline: what the machine would allow.

A step can be no faster than its floating-point operations divided by the machine's peak rate, nor
than its bytes divided by the memory bandwidth (Williams, Waterman & Patterson 2009).
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from microgpt.benchmark.results import Results
from microgpt.config import GPTConfig

BASE_CONFIG = GPTConfig.preset("char")
BATCH_SIZE, SEQ_LEN, HEAD_DIM = 8, 64, 32
AXIS_SIZES: dict[str, tuple[int, ...]] = {
    "batch_size": (1, 2, 4, 8, 16, 32),
    "seq_len": (16, 32, 64, 128, 256),
    "n_embd": (32, 64, 128, 256, 512),
}
QUICK_AXIS_SIZES = {"batch_size": (2, 8), "seq_len": (16, 64), "n_embd": (32, 128)}
# Task -> its request: the peak rates, measured beside the points.
PEAK_RATE_TASKS: dict[str, dict[str, Any]] = {
    "memory bandwidth": {"type": "memory_bandwidth", "mib": 512},
    "matrix product": {"type": "matmul_rate"},
}
CLIFF_FACTOR = 1.5  # times as long as its operations explain


@dataclass(frozen=True)
class ScalingPoint:
    """A model and a batch: one size on `axis`, the others as usual."""

    axis: str
    size: int
    config: GPTConfig
    batch_size: int
    seq_len: int

    @property
    def name(self) -> str:
        """Axis and size: "n_embd 64"."""
        return f"{self.axis} {self.size}"

    @property
    def flops(self) -> float:
        """Floating-point operations of one step: forward, and twice that for backward.

        Two for each weight of a matrix and token; attention's scores and mixture look back half
        the context on average.
        """
        c, tokens = self.config, self.batch_size * self.seq_len
        weights = c.n_layer * 12 * c.n_embd**2 + c.vocab_size * c.n_embd
        attention = c.n_layer * 2 * self.seq_len * c.n_embd
        return 3.0 * tokens * (2 * weights + attention)

    @property
    def bytes_moved(self) -> float:
        """A lower bound of the bytes moved if nothing stays in a cache, in float32.

        Weights: read forward and backward; gradients: cleared, added to, read; AdamW reads and
        writes weights and both moments. Activations: written once, read twice.
        """
        c, tokens = self.config, self.batch_size * self.seq_len
        parameters = sum(map(math.prod, c.parameter_shapes().values()))
        activations = tokens * (c.n_layer * 15 * c.n_embd + 2 * c.vocab_size)
        return 4.0 * (12 * parameters + 3 * activations)

    @property
    def arithmetic_intensity(self) -> float:
        """Floating-point operations per byte moved."""
        return self.flops / self.bytes_moved


def scaling_points(quick: bool = False) -> list[ScalingPoint]:
    """Every point, axis by axis."""
    points = []
    for axis, sizes in (QUICK_AXIS_SIZES if quick else AXIS_SIZES).items():
        for size in sizes:
            batch_size = size if axis == "batch_size" else BATCH_SIZE
            seq_len = size if axis == "seq_len" else SEQ_LEN
            n_embd = size if axis == "n_embd" else BASE_CONFIG.n_embd
            n_head = max(1, n_embd // HEAD_DIM)
            config = replace(BASE_CONFIG, n_embd=n_embd, n_head=n_head, block_size=seq_len)
            points.append(ScalingPoint(axis, size, config, batch_size, seq_len))
    return points


def bytes_per_token(config: GPTConfig) -> float:
    """The weights read to decode one token, float32: all, but of tables only the rows looked up."""
    tables = ["wpe.weight"] if config.tie_weights else ["wpe.weight", "wte.weight"]
    shapes = config.parameter_shapes()
    unread = sum((shapes[name][0] - 1) * config.n_embd for name in tables if name in shapes)
    return 4.0 * (sum(map(math.prod, shapes.values())) - unread)


@dataclass(frozen=True)
class ScalingRow:
    """One point with one number of threads: seconds, GFLOP/s achieved and attainable.

    `is_cliff`: the step takes far longer than the next smaller one and their operations explain.
    """

    point: ScalingPoint
    threads: int
    seconds: float
    achieved_gflops: float
    attainable_gflops: float | None
    is_cliff: bool


def scaling_rows(results: Results) -> list[ScalingRow]:
    """The rows of the workload "scaling": each point with each number of threads."""
    measured = {
        (m.task, m.implementation.threads): m
        for m in results.for_workload("scaling")
        if m.median is not None
    }
    points = {point.name: point for quick in (True, False) for point in scaling_points(quick)}
    rows: list[ScalingRow] = []
    for (task, threads), m in measured.items():
        if task not in points or m.median is None:
            continue
        point, seconds = points[task], m.median
        bandwidth, product = (measured.get((name, threads)) for name in PEAK_RATE_TASKS)
        attainable = None
        if bandwidth is not None and product is not None:
            seconds_per_byte, seconds_per_flop = bandwidth.median, product.median
            assert seconds_per_byte is not None
            assert seconds_per_flop is not None
            memory_bound = point.arithmetic_intensity / seconds_per_byte
            attainable = min(1 / seconds_per_flop, memory_bound) / 1e9
        smaller = [row for row in rows if row.point.axis == point.axis and row.threads == threads]
        is_cliff = False
        if smaller:
            expected = smaller[-1].seconds * point.flops / smaller[-1].point.flops
            is_cliff = seconds > CLIFF_FACTOR * expected
        achieved = point.flops / seconds / 1e9
        rows.append(ScalingRow(point, threads, seconds, achieved, attainable, is_cliff))
    return rows
