"""`ForwardPass`: the activations of a text, as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microgpt.viz.formatting import label_length, visible_input

MAX_COLUMNS, MAX_LABEL = 7, 4  # of tokens in a box; characters of a token
MIN_BOX, CHAR, PADDING = 160, 7.6, 7  # pixels: inside the narrowest box, of a character, of a tile
HIDDEN_LABEL = "…"


def first_shown(labels: Sequence[str]) -> int:
    """Return the index of the first token shown, of as many of the last as fit into a box.

    `labels` are the texts of the tokens. If some are hidden, "…" takes a column.
    """
    lengths = [label_length(visible_input(label, MAX_LABEL)) for label in labels]
    for first in range(len(labels)):
        num_columns = len(labels) - first + (first > 0)
        widths = [CHAR * length + PADDING for length in lengths[max(first, 1) :]]
        if num_columns <= MAX_COLUMNS and num_columns * max([21.0, *widths]) <= MIN_BOX:
            return first
    return len(labels) - 1


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """The activations of a text of T tokens, at the S positions that are shown, its last.

    `embedding` is (S, C); with `embedding_norm` it is normalised before the first layer. Of the
    last layer are `attention_weights` (H, S, T), `mlp_hidden` (S, 4C) and the residual stream, all
    (S, C): `resid_pre` + `attention_out` = `resid_mid`, `resid_mid` + `mlp_out` = `resid_post`.
    After each shown position follow `logits` (S, V) and `probs` (S, V); `ranked_ids` (S, V) go from
    most to least probable. `labels` are the vocabulary's texts, `bos_id` is its BOS token or
    `None`. `is_cut` says that the text was longer than the block, so that only its last tokens were
    run.
    """

    text: str
    token_ids: tuple[int, ...]
    labels: Sequence[str]
    bos_id: int | None
    unit: str
    num_layers: int
    adds_position: bool
    embedding_norm: bool
    embedding: np.ndarray
    attention_weights: np.ndarray
    mlp_hidden: np.ndarray
    resid_pre: np.ndarray
    attention_out: np.ndarray
    resid_mid: np.ndarray
    mlp_out: np.ndarray
    resid_post: np.ndarray
    logits: np.ndarray
    probs: np.ndarray
    ranked_ids: np.ndarray
    is_cut: bool = False

    @property
    def num_tokens(self) -> int:
        """T, the number of tokens."""
        return len(self.token_ids)

    @property
    def num_heads(self) -> int:
        """H, the number of attention heads."""
        return len(self.attention_weights)

    @property
    def num_shown(self) -> int:
        """S, the number of positions shown."""
        return len(self.embedding)

    @property
    def shown_ids(self) -> tuple[int, ...]:
        """The token ids at the positions shown."""
        return self.token_ids[self.num_tokens - self.num_shown :]

    def shown_labels(self, max_length: int = MAX_LABEL) -> list[str]:
        """Return the label of each token shown, in at most `max_length` characters."""
        return [visible_input(self.labels[token], max_length) for token in self.shown_ids]

    def column_weights(self, position: int, head: int = 0) -> list[float | None]:
        """Return a head's weight from a shown position to each column, `None` if it is later.

        If tokens are hidden, the first column is "…", and has the sum of their weights.
        """
        row = self.attention_weights[head, position]
        num_hidden = self.num_tokens - self.num_shown
        hidden: list[float | None] = [float(row[:num_hidden].sum())] if num_hidden else []
        shown = row[num_hidden:].tolist()
        return hidden + [weight if i <= position else None for i, weight in enumerate(shown)]
