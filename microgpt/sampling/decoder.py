"""`Decoder`: a model that reads a text one token at a time and says what may come next."""

from collections.abc import Sequence

import numpy as np

from microgpt import backends
from microgpt.engine import no_grad
from microgpt.models.gpt import GPT
from microgpt.sampling.cache import KVCache


class Decoder:
    """The logits of the next token after a text that grows.

    When the block is full and more is wanted, the last block_size / 2 tokens are read anew and
    the older ones forgotten.
    """

    def __init__(self, model: GPT, tokens: Sequence[int]):
        self.model, self.cache = model, KVCache(model)
        self.tokens, self.unseen = list(tokens), list(tokens)
        self._logits: np.ndarray | None = None

    def logits(self) -> np.ndarray:
        """What the model gives each token of the vocabulary as the next one (V,)."""
        if self._logits is None:
            cache = self.cache
            if cache.length + len(self.unseen) > cache.block_size:
                cache.reset()
                self.unseen = self.tokens[-max(1, cache.block_size // 2) :]
            with backends.LOCK, no_grad():
                self._logits = self.model([self.unseen], cache).numpy()[0, -1]
            self.unseen = []
        return self._logits

    def append(self, token: int) -> None:
        """Let the text grow by one token."""
        self.logits()  # what came before must have been read
        self.tokens.append(int(token))
        self.unseen, self._logits = [int(token)], None
