"""`KVCache`: attention keys and values of the tokens that a model has read."""

from weakref import ref

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import context
from microgpt.autograd.tensor import Tensor
from microgpt.backends import check_host_read, current_tracer
from microgpt.errors import ShapeError, StateError
from microgpt.models.gpt import GPT


class KVCache:
    """Keys and values of every token read so far: a new token costs the work of one position.

    One array (n_layer, 2, B, H, block_size, D), allocated once. `position` (1,) int32 is the number
    of tokens in it, kept in an array so that kernels can read it.
    """

    def __init__(self, model: GPT, batch_size: int = 1):
        config, weight = model.config, model.wte.weight
        self._model, self.backend = ref(model), weight.backend
        shape = (batch_size, config.n_head, config.block_size, config.head_dim)
        self.array = self.backend.full((config.n_layer, 2, *shape), weight.dtype)
        self.position = self.backend.from_host(np.zeros(1, np.int32))
        self.block_size = config.block_size
        self.layers = [_LayerCache(self, keys, values) for keys, values in self.array]
        self.batch_size = batch_size
        self._decoding = False

    def __reduce__(self) -> tuple:
        raise StateError("a cache belongs to its model; make one with KVCache(model) for the copy")

    @property
    def length(self) -> int:
        """The number of tokens in the cache."""
        check_host_read("cache.length")
        return int(self.position.item())

    @property
    def decoding(self) -> bool:
        """Whether the current forward pass attends to the cache (decode step, not prefill)."""
        return self._decoding

    def reset(self) -> None:
        """Empty the cache."""
        self.rewind(0)

    def rewind(self, length: int) -> None:
        """Keep the first `length` tokens and drop those after them."""
        check_host_read("cache.rewind()")
        if not 0 <= length <= self.length:
            raise ShapeError(f"a cache of {self.length} tokens cannot be rewound to {length}")
        self.position[0] = length

    def check_append(self, model: GPT, batch_size: int, count: int) -> None:
        """Raise unless `model` can read tokens of shape (batch_size, count) next."""
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
        if context.grad_enabled:
            raise StateError("no gradient flows through a cache; use it under mg.no_grad()")

    def start_pass(self, decoding: bool) -> None:
        """Begin a forward pass, a prefill or a decode step; called by the model."""
        self._decoding = decoding

    def advance(self, count: int) -> None:
        """Count the tokens of a forward pass; called by the model."""
        # Not checked while tracing, which allows no host read: the caller makes sure that they fit.
        if current_tracer() is None and not 0 <= self.length + count <= self.block_size:
            raise ShapeError(f"{self.length} tokens are in, {count} more do not fit")
        self.backend.launch("increment_position_", self.position, count)


class _LayerCache:
    """Keys and values of one layer, each (B, H, block_size, D)."""

    def __init__(self, cache: KVCache, keys: np.ndarray, values: np.ndarray):
        self._cache, self.keys, self.values = cache, keys, values
        self.position = cache.position

    @property
    def decoding(self) -> bool:
        """Whether the current forward pass attends to the cache."""
        return self._cache.decoding

    def write_prompt(self, qkv: Tensor, n_head: int) -> None:
        """Write the keys and values of a whole prompt: qkv (B, T, 3C)."""
        for part, label in ((1, "k"), (2, "v")):
            self.write(label, ops.split_heads(qkv, n_head, part, 3))

    def write(self, label: str, new: Tensor) -> None:
        """Write the keys ("k") or values ("v") of all new tokens, (B, H, T, D)."""
        cache = self.keys if label == "k" else self.values
        new.backend.launch("kv_cache_write_", cache, new.array, self.position)
