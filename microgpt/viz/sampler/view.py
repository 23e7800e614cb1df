"""`SamplingView`: one sampling step as plain data, for its picture, caption and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class PickChange:
    """Why another token was picked with the same u: a cumulative edge passed u.

    `edge_token` is the token whose upper edge moved from `edge_before` to `edge_after`.
    """

    old_token: int
    new_token: int
    edge_token: int
    edge_before: float
    edge_after: float


@dataclass(frozen=True, eq=False)
class SamplingView:
    """The distribution of the next token under sampling parameters, and the text so far.

    Arrays (V,) in rank order: `ranked_ids`; `base_probs`, at T = 1 without filters; `probs`, which
    are sampled from; `cumulative`, their cumulative sum. The filters kept `num_kept` tokens, whose
    total probability before filtering was `kept_mass`; `binding_filter` names the filter that
    removed most. `picked_rank` is the first rank whose cumulative sum exceeds `u`, which was drawn
    for the `draw_index`-th time after the first.
    """

    labels: Sequence[str]  # by token id
    unit: str  # what a token is called: "letter", "token", "word", "rank"
    params: Any  # temperature, top_k, top_p, min_p
    ranked_ids: np.ndarray
    base_probs: np.ndarray
    probs: np.ndarray
    cumulative: np.ndarray
    num_kept: int
    kept_mass: float
    binding_filter: str | None
    entropy: float  # nats
    u: float
    u_is_fixed: bool  # set by hand
    draw_index: int
    picked_rank: int
    pick_change: PickChange | None
    context: tuple[str, ...]  # the text before this token, in pieces that split no character
    text: tuple[str, ...]  # the text so far; longer than the context once it is finished
    num_new_tokens: int
    reached_eos: bool
    is_finished: bool
    has_bos: bool
    is_fixed_row: bool  # the same probabilities after any text
    nll: float | None  # of the text so far; None if it cannot be computed
    uniform_nll: float | None  # of as many tokens that are all equally probable; None like `nll`
    memorization: str | None  # "" until the text has ended; None if it is unknown
    note: str = ""

    @property
    def vocab_size(self) -> int:
        """The vocabulary size V."""
        return len(self.ranked_ids)

    @property
    def is_greedy(self) -> bool:
        """Whether the most probable token is picked regardless of u (T = 0)."""
        return self.params.temperature == 0

    @property
    def is_unchanged(self) -> bool:
        """Whether the probabilities are those at T = 1 without filters."""
        return self.params.temperature == 1 and self.num_kept == self.vocab_size

    @cached_property
    def base_cumulative(self) -> np.ndarray:
        """Cumulative sums of `base_probs`, (V,)."""
        return np.cumsum(self.base_probs)

    @property
    def picked_token(self) -> int:
        """The id of the sampled token."""
        return int(self.ranked_ids[self.picked_rank])

    def ranked_label(self, rank: int) -> str:
        """Return the text of the token at a rank."""
        return self.labels[int(self.ranked_ids[rank])]
