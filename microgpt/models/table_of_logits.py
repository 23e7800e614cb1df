"""`TableOfLogits`: a row of logits for each token before, counted or trained."""

from typing import Any

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.errors import ShapeError
from microgpt.models.context_model import ContextModel, check_logits, log_softmax


class TableOfLogits(ContextModel):
    """A table of logits (V, V): a row for each token before, a column for the token after.

    Raises ShapeError for another shape, SettingError for logits that are NaN or inf.
    """

    context = 1

    def __init__(self, logits: Any, vocab_size: int):
        table = np.asarray(logits.numpy() if isinstance(logits, Tensor) else logits, np.float64)
        if table.shape != (vocab_size, vocab_size):
            raise ShapeError(
                f"a table of logits must have shape {(vocab_size, vocab_size)}, a row for each "
                f"token before; got {table.shape}"
            )
        check_logits(table)
        self.vocab_size, self.table = vocab_size, table.copy()

    def __repr__(self) -> str:
        return f"TableOfLogits(vocabulary {self.vocab_size})"

    def log_probs(self, tokens: Any) -> np.ndarray:
        """Return the logarithm of the probability of each next token: (…, T) -> (…, T, V)."""
        return log_softmax(self.table[self.check_tokens(tokens)])
