"""`KVCache`: what a model keeps of the tokens it has seen."""

import numpy as np

from microgpt import ops
from microgpt.backends import reading
from microgpt.engine import state
from microgpt.errors import SettingError, ShapeError
from microgpt.models.gpt import GPT
from microgpt.tensor import Tensor


class KVCache:
    """The keys and values of every token seen so far, so that a new token costs one position.

    One array (n_layer, 2, B, H, block_size, D), allocated once; the position is an int32 array
    that kernels read.
    """

    def __init__(self, model: GPT, batch_size: int = 1):
        config, weight = model.config, model.wte.weight
        self.model, self.kernels = model, weight.kernels
        shape = (batch_size, config.n_head, config.block_size, config.head_dim)
        self.array = self.kernels.full((config.n_layer, 2, *shape), weight.dtype)
        self.position = np.zeros(1, np.int32)
        self.block_size = config.block_size
        self.layers = [_LayerCache(self, keys, values) for keys, values in self.array]
        self.batch_size = batch_size

    @property
    def length(self) -> int:
        """How many tokens have been seen."""
        reading("cache.length")
        return int(self.position[0])

    def reset(self) -> None:
        """Forget everything."""
        reading("cache.reset()")
        self.position[0] = 0

    def admit(self, model: GPT, batch_size: int, count: int) -> None:
        """Refuse tokens (batch_size, count) that the cache cannot take next."""
        if model is not self.model:
            raise ShapeError("this cache was made for another model; make one with KVCache(model)")
        if batch_size != self.batch_size:
            raise ShapeError(f"the cache is for {self.batch_size} rows; got {batch_size}")
        if self.length + count > self.block_size:
            raise ShapeError(
                f"the cache holds {self.block_size} tokens; {self.length} are in, {count} more came"
            )
        if self.length and count > 1:
            raise ShapeError("a cache takes a whole prompt first, then one token at a time")
        if state.grad_enabled:
            raise SettingError("no gradient flows through a cache; use it under mg.no_grad()")

    def places(self, weight: Tensor, count: int) -> Tensor:
        """The position embeddings (1, T, C) of the next `count` tokens."""
        return ops.embedding(weight, self.position[None]) if self.length else weight[None, :count]

    def advance(self, count: int) -> None:
        """Count the tokens that the model has just seen; the model does this itself."""
        if not 0 <= self.length + count <= self.block_size:
            raise ShapeError(f"{self.length} tokens are in, {count} more do not fit")
        self.kernels.launch("advance_", self.position, count)


class _LayerCache:
    """One layer's keys and values (B, H, block_size, D)."""

    def __init__(self, whole: KVCache, keys: np.ndarray, values: np.ndarray):
        self.whole, self.keys, self.values = whole, keys, values
        self.position = whole.position

    def extend(self, k: Tensor, v: Tensor) -> bool:
        """Write what comes next; True if attention must look back into the cache."""
        k.kernels.launch("cache_write_", self.keys, k.array, self.position)
        k.kernels.launch("cache_write_", self.values, v.array, self.position)
        return self.whole.length > 0
