"""What the ledger shows, as plain data: the parts of a sum, and the sizes of a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

# A piece of a model: the name of an activation, and of which heads or neurons; () for all of it.
Piece = tuple[str, tuple[int, ...]]
# A layer, in the names of activations, is one of these four.
TOKEN, POSITION, BIASES = "token_embedding", "position_embedding", "biases"
ATTENTION, MLP = "attn.out", "mlp.out"


@dataclass(frozen=True)
class LedgerPart:
    """One summand of the logit difference.

    `name` is TOKEN, POSITION, BIASES or an activation such as "h.0.attn.out". `split` are the
    shares of its heads (H,) or neurons (4C,); they add up to `share`.
    """

    name: str
    share: float
    split: np.ndarray | None = None

    @property
    def component(self) -> str:
        """TOKEN, POSITION, BIASES, ATTENTION or MLP."""
        return self.name.split(".", 2)[-1]

    @property
    def layer(self) -> int:
        """The layer of an attention or an MLP, from 0."""
        return int(self.name.split(".")[1])


@dataclass(frozen=True)
class LedgerPicture:
    """What is shown: the logit of token `first` minus that of token `second` after a text.

    `parts` add up to the difference of `logits` (V,). `scale` and `embedding_scale` are the held
    scales of the final norm and of the norm on the embeddings, None without that norm. `opened` is
    the name of the part that is split, "" for none. `without` holds the difference in a run
    without some pieces at the last token, by these; it is empty if that is not shown.
    `is_too_large` says that the model would take too long to run so often, `is_cut` that it reads
    the end of the text only.
    """

    text: str
    unit: str
    tokens: tuple[str, ...]
    labels: tuple[str, ...]
    num_layers: int
    first: int
    second: int
    parts: tuple[LedgerPart, ...]
    logits: np.ndarray
    probs: np.ndarray
    scale: float | None
    embedding_scale: float | None
    opened: str = ""
    by_size: bool = False
    without: Mapping[tuple[Piece, ...], float] = field(default_factory=dict)
    is_too_large: bool = False
    is_cut: bool = False

    @property
    def difference(self) -> float:
        """The difference of the two logits, as the model gave them."""
        return float(self.logits[self.first]) - float(self.logits[self.second])

    @cached_property
    def total(self) -> float:
        """The sum of the parts."""
        return sum(part.share for part in self.parts)

    @property
    def odds(self) -> float:
        """The ratio of the two probabilities; one that is 0 counts as the smallest number."""
        first, second = np.maximum(self.probs[[self.first, self.second]], np.finfo(float).tiny)
        return float(first) / float(second)

    @cached_property
    def perplexity(self) -> float:
        """Among how many equally likely tokens this would be as hard a choice."""
        probs = self.probs[self.probs > 0]
        return float(np.exp(-(probs * np.log(probs)).sum()))

    @property
    def has_preference(self) -> bool:
        """Whether the model prefers some tokens, as one does that was trained."""
        return self.perplexity < 0.85 * len(self.probs)

    def loss_without(self, pieces: tuple[Piece, ...]) -> float | None:
        """How much of the difference is lost without some pieces; None if that was not tried."""
        without = self.without.get(pieces)
        return None if without is None else self.difference - without


@dataclass(frozen=True)
class ModelSize:
    """What a model takes: parameters by part, and operations for one token, forward.

    `matrix_operations` are those of products with weights, `attention_operations` those of
    query · key and weights · value when the window is full.
    """

    parts: Mapping[str, int]
    matrix_operations: int
    attention_operations: int

    @property
    def total(self) -> int:
        """All parameters."""
        return sum(self.parts.values())

    @property
    def operations(self) -> int:
        """All operations for one token."""
        return self.matrix_operations + self.attention_operations


@dataclass(frozen=True)
class SizePicture:
    """A model's size, and the settings it follows from; `refusal` says why the last were refused.

    `size` is then that of the settings before.
    """

    size: ModelSize
    num_layers: int
    width: int
    block_size: int
    refusal: str = ""
