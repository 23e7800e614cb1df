"""The workload "products": a linear layer's matrix products, beside the best BLAS.

BLAS stands for whichever library multiplies fastest: NumPy's, PyTorch's or JAX's, on any number of
threads. It may be another one for each layer.
"""

import math
import statistics
from dataclasses import dataclass
from typing import Any

from microgpt.benchmark.implementations import OURS
from microgpt.benchmark.results import Measurement, Results

MIN_FLOPS = 2e8  # of a unit: about a millisecond, so that calling and timing it cost little


@dataclass(frozen=True)
class LinearLayer:
    """A linear layer of a model, from `in_features` to `out_features`, applied to `tokens` rows."""

    model: str
    tokens: int
    in_features: int
    out_features: int

    @property
    def name(self) -> str:
        """The model and the sizes, as "GPT-2 256×768→2304"."""
        return f"{self.model} {self.tokens}×{self.in_features}→{self.out_features}"

    @property
    def flops(self) -> int:
        """Floating-point operations of the three products of a training step."""
        return 3 * 2 * self.tokens * self.in_features * self.out_features

    def request(self) -> dict[str, Any]:
        """Return the request to a worker."""
        return {
            "type": "linear_products",
            "shape": [self.tokens, self.in_features, self.out_features],
            "repeats": math.ceil(MIN_FLOPS / self.flops),
            "flops": self.flops,
        }


# Layers of the models that "batch", "char" and "gpt2" train, with the tokens of their batches.
LAYERS = tuple(
    LinearLayer(model, tokens, *sizes)
    for model, tokens, layers in (
        ("microgpt", 32 * 16, ((16, 48), (16, 64), (64, 16))),
        ("letters", 12 * 64, ((128, 384), (128, 128), (128, 512), (512, 128), (128, 65))),
        ("GPT-2", 4 * 64, ((768, 2304), (768, 768), (768, 3072), (3072, 768))),
    )
    for sizes in layers
)


@dataclass(frozen=True)
class ProductRow:
    """A layer, our measurement and that of the best BLAS; None for one that was not measured."""

    layer: LinearLayer
    ours: Measurement | None
    blas: Measurement | None

    @property
    def ratio(self) -> float | None:
        """Our rate as a multiple of the best BLAS's, by the medians."""
        if self.ours is None or self.blas is None:
            return None
        assert self.ours.median is not None
        assert self.blas.median is not None
        return self.blas.median / self.ours.median


def product_rows(results: Results) -> list[ProductRow]:
    """Return a row for each layer that anything was measured on."""
    rows = []
    for layer in LAYERS:
        measured = [
            m for m in results.for_workload("products") if m.task == layer.name and m.blocks
        ]
        ours = next((m for m in measured if m.implementation.name == OURS), None)
        others = [m for m in measured if m.implementation.name != OURS]
        blas = min(others, key=lambda m: m.median or math.inf, default=None)
        if measured:
            rows.append(ProductRow(layer, ours, blas))
    return rows


def min_and_mean_ratio(results: Results) -> tuple[float, float] | None:
    """Return the lowest ratio and the geometric mean; None unless every layer has a ratio."""
    ratios = [row.ratio for row in product_rows(results) if row.ratio is not None]
    if len(ratios) < len(LAYERS):
        return None
    return min(ratios), statistics.geometric_mean(ratios)
