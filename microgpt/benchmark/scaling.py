"""Measure how step time scales with each size, and compare with the machine's roofline.

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
# Task -> its request; the peak rates are measured by the same workers as the points.
PEAK_RATE_TASKS: dict[str, dict[str, Any]] = {
    "memory bandwidth": {"type": "memory_bandwidth", "mib": 512},
    "matrix product": {"type": "matmul_rate"},
}
CLIFF_FACTOR = 1.5  # a cliff: step time over this factor times what its FLOPs predict


@dataclass(frozen=True)
class ScalingPoint:
    """A model and a batch: `axis` has this size, the others have their base values."""

    axis: str
    size: int
    config: GPTConfig
    batch_size: int
    seq_len: int

    @property
    def name(self) -> str:
        """The axis and the size, as "n_embd 64"."""
        return f"{self.axis} {self.size}"

    @property
    def flops(self) -> float:
        """Floating-point operations of one step: the forward pass and twice that for backward.

        Forward takes 2 per matrix weight and token. Causal attention scores, and then mixes, half
        the context on average.
        """
        c, tokens = self.config, self.batch_size * self.seq_len
        weights = c.n_layer * 12 * c.n_embd**2 + c.vocab_size * c.n_embd
        attention = c.n_layer * 2 * self.seq_len * c.n_embd
        return 3.0 * tokens * (2 * weights + attention)

    @property
    def bytes_moved(self) -> float:
        """A lower bound of the bytes moved in one step, in float32, if nothing stays in a cache.

        Weights are read in forward and backward; gradients zeroed, accumulated, read; AdamW reads
        and writes weights and both moments. Activations are written once and read twice.
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
    """Return all points, axis by axis."""
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
    """Return the bytes of float32 weights read to decode one token.

    That is all weights, except that only one row of each embedding table is read; tied token
    embeddings are read completely, as the output layer.
    """
    tables = ["wpe.weight"] if config.tie_weights else ["wpe.weight", "wte.weight"]
    shapes = config.parameter_shapes()
    unread = sum((shapes[name][0] - 1) * config.n_embd for name in tables if name in shapes)
    return 4.0 * (sum(map(math.prod, shapes.values())) - unread)


@dataclass(frozen=True)
class ScalingRow:
    """One point measured with some number of threads: seconds, GFLOP/s achieved and attainable.

    `is_cliff`: the step takes more than CLIFF_FACTOR times the time that the next smaller size and
    the ratio of their FLOPs predict.
    """

    point: ScalingPoint
    threads: int
    seconds: float
    achieved_gflops: float
    attainable_gflops: float | None
    is_cliff: bool


def scaling_rows(results: Results) -> list[ScalingRow]:
    """Return a row for each measured point and number of threads of the workload "scaling"."""
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
