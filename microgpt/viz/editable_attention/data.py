"""`AttentionPicture`: one head's weights before and after edits, and the guess, as plain data."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

MASK, CUT, OFF, UNSCALED = "mask", "cut", "off", "unscaled"
MAX_SHOWN = 10  # positions in the triangle; of a longer text, the last ones


@dataclass(frozen=True)
class AttentionEdit:
    """A change of one layer's attention, in one head or (`head` None) in all.

    `action` is MASK (the score of a cell becomes −1e30), CUT (its weight becomes 0), OFF (all
    weights of the head become 0) or UNSCALED (scores are not divided by √D). `row` and `column` are
    the positions of the cell; None for a whole head.
    """

    action: str
    layer: int
    head: int | None = None
    row: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class CellArithmetic:
    """How one head gets one weight: exp(scaled − row_max) / row_sum.

    `product` is q · k, `scaled` the same divided by √D (or not, without √D); `row_max` and
    `row_sum` are over the scores that the row sees. All are after the edits.
    """

    head: int
    head_dim: int
    product: float
    scaled: float
    row_max: float
    row_sum: float
    weight: float
    is_scaled: bool = True
    is_masked: bool = False
    is_cut: bool = False


@dataclass(frozen=True)
class CellEffects:
    """What masking each cell of a row costs: effects (H, C) at the next token, in nats.

    The cells are those of the columns from `first_column` to the row; `weights` (H, C) are theirs.
    """

    effects: np.ndarray
    weights: np.ndarray
    first_column: int

    def of(self, head: int, column: int) -> tuple[float, float]:
        """Return the weight and the effect of a cell, `column` counted from the start."""
        index = head, column - self.first_column
        return float(self.weights[index]), float(self.effects[index])

    def heavier_but_weaker(self, head: int, column: int) -> tuple[int, int] | None:
        """Return head and column of the heaviest cell that has more weight and less effect.

        None if there is none; a difference counts from the second decimal on, as it is shown.
        """
        weight, effect = self.of(head, column)
        heavier = self._more(self.weights, weight) & self._more(-np.abs(self.effects), -abs(effect))
        if not heavier.any():
            return None
        sizes = np.where(heavier, self.weights, -1.0)
        other, index = np.unravel_index(int(sizes.argmax()), sizes.shape)
        return int(other), int(index) + self.first_column

    def has_lighter_but_stronger(self, head: int, column: int) -> bool:
        """Return whether a cell has less weight than this one and more effect."""
        weight, effect = self.of(head, column)
        lighter = self._more(-self.weights, -weight)
        return bool((lighter & self._more(np.abs(self.effects), abs(effect))).any())

    @staticmethod
    def _more(numbers: np.ndarray, number: float) -> np.ndarray:
        return np.round(numbers, 2) > round(number, 2) + 0.005


@dataclass(frozen=True)
class AttentionPicture:
    """What is shown: weights (H, T, T) of one layer and the probabilities of the next token (V,).

    `tokens` are the labels of the T positions, `labels` those of the vocabulary. `head` is the head
    shown, None for the mean of all. `edits` are in force, of any layer, and
    `weights_before_last_edit` (H, T, T) those without the last; `effects` is None where there is
    nothing to compare, or too much to run.
    """

    text: str
    unit: str
    tokens: tuple[str, ...]
    labels: tuple[str, ...]
    num_layers: int
    layer: int
    head: int | None
    row: int
    column: int
    weights_before: np.ndarray
    weights: np.ndarray
    weights_before_last_edit: np.ndarray
    arithmetic: CellArithmetic
    probs_before: np.ndarray
    probs: np.ndarray
    target: int
    edits: tuple[AttentionEdit, ...] = ()
    effects: CellEffects | None = None

    @property
    def num_heads(self) -> int:
        """H."""
        return len(self.weights)

    @property
    def first(self) -> int:
        """The first position shown."""
        return max(0, len(self.tokens) - MAX_SHOWN)

    @cached_property
    def shown(self) -> np.ndarray:
        """The weights (T, T) of the head shown, or their mean over all heads."""
        return self._of_head(self.weights)

    @cached_property
    def shown_before(self) -> np.ndarray:
        """The same before the edits."""
        return self._of_head(self.weights_before)

    def _of_head(self, weights: np.ndarray) -> np.ndarray:
        return weights.mean(axis=0) if self.head is None else weights[self.head]

    def state_of(self, row: int, column: int) -> str:
        """MASK or CUT if the cell is edited in the head shown or, for all, in any head; else ""."""
        for edit in self.edits:
            is_cell = edit.layer == self.layer and (edit.row, edit.column) == (row, column)
            if is_cell and (None in (edit.head, self.head) or edit.head == self.head):
                return edit.action
        return ""

    def negative_log_likelihood(self, probs: np.ndarray) -> float:
        """Minus the logarithm of the true next token's probability, in nats."""
        with np.errstate(divide="ignore"):
            return float(-np.log(probs[self.target]))

    @property
    def rise(self) -> float:
        """How much the edits raise the negative log-likelihood of the true next token."""
        nll = self.negative_log_likelihood
        return nll(self.probs) - nll(self.probs_before)
