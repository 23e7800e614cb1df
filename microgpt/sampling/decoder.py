"""`Decoder`: a model that reads a text one token at a time and says what may come next."""

from collections.abc import Sequence

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import no_grad
from microgpt.models.gpt import GPT
from microgpt.sampling.kv_cache import KVCache


def window_start(length: int, block_size: int) -> int:
    """Which token is the first that a model still sees of a text of this many tokens.

    A text that outgrows the block goes on with its last block_size / 2 tokens, and so again
    whenever the block is full: the model sees between that many and block_size of them. The same
    holds for a text that was given: its length alone decides.
    """
    stride = block_size + 1 - max(1, block_size // 2)
    return -(-max(0, length - block_size) // stride) * stride


class Decoder:
    """The logits of the next token after a text that grows.

    When the block is full and more is wanted, the last block_size / 2 tokens are read anew and
    the older ones forgotten; see `window_start`. A `cache` handed over must be empty.
    """

    def __init__(self, model: GPT, tokens: Sequence[int], cache: KVCache | None = None):
        self.model = model
        self.cache = KVCache(model) if cache is None else cache
        self.tokens, self.unseen = list(tokens), list(tokens)
        self._read: np.ndarray | None = None

    def logits(self) -> np.ndarray:
        """What the model gives each token of the vocabulary as the next one (V,)."""
        return self.read()[0].copy()

    def read(self) -> np.ndarray:
        """The same (1, V), not a copy."""
        if self._read is None:
            cache = self.cache
            if cache.length + len(self.unseen) > cache.block_size:
                cache.reset()
                self.unseen = self.tokens[window_start(len(self.tokens), cache.block_size) :]
            with backends.LOCK, no_grad():
                self._read = self.model.next_token_logits([self.unseen], cache).array
            self.unseen = []
        return self._read

    def append(self, token: int) -> None:
        """Let the text grow by one token."""
        if self.unseen:  # what came before must have been read
            self.read()
        self.tokens.append(int(token))
        self.unseen, self._read = [int(token)], None
