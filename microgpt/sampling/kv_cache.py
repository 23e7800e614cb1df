"""`KVCache`: what a model keeps of the tokens it has seen."""

from weakref import ref

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import state
from microgpt.autograd.tensor import Tensor
from microgpt.backends import current_tracer, check_host_read
from microgpt.errors import SettingError, ShapeError
from microgpt.models.gpt import GPT


class KVCache:
    """The keys and values of every token seen so far, so that a new token costs one position.

    One array (n_layer, 2, B, H, block_size, D), allocated once; the position is an int32 array
    that kernels read.
    """

    def __init__(self, model: GPT, batch_size: int = 1):
        config, weight = model.config, model.wte.weight
        self._model, self.kernels = ref(model), weight.kernels
        shape = (batch_size, config.n_head, config.block_size, config.head_dim)
        self.array = self.kernels.full((config.n_layer, 2, *shape), weight.dtype)
        self.position = np.zeros(1, np.int32)
        self.block_size = config.block_size
        self.layers = [_LayerCache(self, keys, values) for keys, values in self.array]
        self.batch_size = batch_size
        self.decoding = False  # whether there are tokens in it that the next ones look back at

    @property
    def length(self) -> int:
        """How many tokens have been seen."""
        check_host_read("cache.length")
        return int(self.position[0])

    def reset(self) -> None:
        """Forget everything."""
        check_host_read("cache.reset()")
        self.position[0] = 0

    def admit(self, model: GPT, batch_size: int, count: int) -> None:
        """Refuse tokens (batch_size, count) that the cache cannot take next."""
        if model is not self._model():
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
        self.decoding = self.length > 0

    def advance(self, count: int) -> None:
        """Count the tokens that the model has just seen; the model does this itself."""
        # A recording cannot ask; whoever captures a step sees to it that there is room.
        if current_tracer() is None and not 0 <= self.length + count <= self.block_size:
            raise ShapeError(f"{self.length} tokens are in, {count} more do not fit")
        self.kernels.launch("advance_", self.position, count)


class _LayerCache:
    """One layer's keys and values (B, H, block_size, D)."""

    def __init__(self, whole: KVCache, keys: np.ndarray, values: np.ndarray):
        self.whole, self.keys, self.values = whole, keys, values
        self.position = whole.position

    @property
    def decoding(self) -> bool:
        """Whether what comes next must look back into the cache."""
        return self.whole.decoding

    def fill(self, qkv: Tensor, n_head: int) -> None:
        """Put the keys and values of a whole prompt in: qkv (B, T, 3C)."""
        for part, cache in ((1, self.keys), (2, self.values)):
            new = ops.split_heads(qkv, n_head, part, 3)  # (B, H, T, D)
            new.kernels.launch("cache_write_", cache, new.array, self.position)
