"""Shared by the exercises on probabilities: softmax, and the test that a result sums to 1."""

from typing import Any

import numpy as np

from microgpt.learn.exercise import Mismatch


def softmax(logits: Any) -> np.ndarray:
    """Return the softmax of logits (V,): probabilities (V,)."""
    exponentials = np.exp(logits - np.max(logits))
    return exponentials / exponentials.sum()


def sums_to_one(answer: Any, *arguments: Any) -> Mismatch | None:
    """Test, for a property, that the probabilities that the answer returns sum to 1."""
    total = float(np.sum(answer(*arguments)))
    return None if abs(total - 1) <= 1e-4 else Mismatch(total, 1.0)
