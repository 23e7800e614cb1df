"""`Decoder`: next-token logits of one text that grows, through a KV cache."""

from collections.abc import Sequence

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import no_grad
from microgpt.models.gpt import GPT
from microgpt.sampling.kv_cache import KVCache


def window_start(length: int, block_size: int) -> int:
    """The index of the first token in the context of a text of `length` tokens.

    A text that outgrows the block goes on with its last block_size / 2 tokens, and so again
    whenever the block is full: the context has between that many and block_size of them. The same
    holds for a prompt: its length alone decides.
    """
    stride = block_size + 1 - max(1, block_size // 2)
    return -(-max(0, length - block_size) // stride) * stride


class Decoder:
    """The logits of the next token after a text that grows.

    When the block is full and more is asked for, the last block_size / 2 tokens are read anew and
    the older ones forgotten; see `window_start`. `pending` are the tokens that are not in the cache
    yet. A `cache` handed over must be empty.
    """

    def __init__(self, model: GPT, tokens: Sequence[int], cache: KVCache | None = None):
        self.model = model
        self.cache = KVCache(model) if cache is None else cache
        self.tokens, self.pending = list(tokens), list(tokens)
        self._logits: np.ndarray | None = None

    def logits(self) -> np.ndarray:
        """The logits of the next token (V,)."""
        return self.read()[0].copy()

    def read(self) -> np.ndarray:
        """The logits (1, V), not a copy; pending tokens are read first."""
        if self._logits is None:
            cache = self.cache
            if cache.length + len(self.pending) > cache.block_size:
                cache.reset()
                self.pending = self.tokens[window_start(len(self.tokens), cache.block_size) :]
            with backends.LOCK, no_grad():
                self._logits = self.model.next_token_logits([self.pending], cache).array
            self.commit()
        return self._logits

    def commit(self) -> None:
        """The pending tokens are in the cache: here, or by a captured step."""
        self.pending = []

    def append(self, token: int) -> None:
        """Let the text grow by one token."""
        if self.pending:  # what came before must have been read
            self.read()
        self.tokens.append(int(token))
        self.pending, self._logits = [int(token)], None
