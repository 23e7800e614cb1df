"""`Decoder`: next-token logits of one growing text, computed with a KV cache."""

from collections.abc import Sequence

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import no_grad
from microgpt.backends import to_host
from microgpt.models.gpt import GPT
from microgpt.sampling.kv_cache import KVCache


def window_start(length: int, block_size: int) -> int:
    """Return the index of the first token that the model sees of a text of `length` tokens.

    Whenever the block is full, the context is cut to the last block_size / 2 tokens, and then grows
    again to block_size. The result depends on `length` alone: a long prompt is cut at the same
    index as a text of that length that was sampled.
    """
    stride = block_size + 1 - max(1, block_size // 2)
    return -(-max(0, length - block_size) // stride) * stride


class Decoder:
    """Computes the logits of the next token after a growing text.

    When the block is full and another token follows, the cache is reset and the last
    block_size / 2 tokens are read again; see `window_start`. `pending` are the tokens that are not
    in the cache yet. A `cache` that is passed in must be empty.
    """

    def __init__(self, model: GPT, tokens: Sequence[int], cache: KVCache | None = None):
        self.model = model
        self.cache = KVCache(model) if cache is None else cache
        self.tokens, self.pending = list(tokens), list(tokens)
        self._logits: np.ndarray | None = None

    def logits(self) -> np.ndarray:
        """Return a copy of the logits of the next token (V,)."""
        return to_host(self.read()[0])

    def read(self) -> np.ndarray:
        """Read the pending tokens; return the logits of the next token (1, V), not a copy."""
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
        """Note that the pending tokens are now in the cache (a captured step calls this too)."""
        self.pending = []

    def append(self, token: int) -> None:
        """Append one token to the text."""
        if self.pending:  # the cache must hold all earlier tokens first
            self.read()
        self.tokens.append(int(token))
        self.pending, self._logits = [int(token)], None
