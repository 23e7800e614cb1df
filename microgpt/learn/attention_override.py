"""How a learner's `many_heads`, which takes one sequence, runs as the attention of a model."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from microgpt import ops
from microgpt.autograd.tensor import Tensor
from microgpt.errors import ShapeError, StateError
from microgpt.learn.messages import message_section


def batched(many_heads: Callable[..., Any]) -> Callable[..., Any]:
    """Return attention for a batch, which calls `many_heads` once for each sequence.

    It takes x (B, S, C), the weights (3C, C) of queries, keys and values, wo (C, C), n_head, and
    the number T of last positions to return: y (B, T, C), a Tensor if all results are.
    """

    def attention(x: Any, qkv_weight: Any, wo: Any, n_head: int, num_last: int) -> Any:
        C = x.shape[-1]
        weights = *(qkv_weight[part * C : (part + 1) * C] for part in range(3)), wo
        rows = []
        for index in range(len(x)):
            y = many_heads(x[index], *weights, n_head)
            shape = y.shape if isinstance(y, Tensor) else np.shape(y)
            if shape != x.shape[1:]:
                raise ShapeError(f"your attention must return shape {x.shape[1:]}; got {shape}")
            rows.append(y[-num_last:])
        return ops.stack(rows) if all(isinstance(y, Tensor) for y in rows) else np.array(rows)

    return attention


def check_plain(attn: Any) -> None:
    """Raise StateError if a model's attention has biases or dropout, which no argument stands for.

    `attn` is a `CausalSelfAttention`.
    """
    if attn.c_attn.bias is not None or attn.c_proj.bias is not None:
        raise StateError(message_section("using")["attention_bias"])
    if attn.training and attn.attn_dropout is not None:
        raise StateError(message_section("using")["attention_dropout"])


class AttentionInputs:
    """What each layer's attention has read into a cache, since `many_heads` reads all of it."""

    def __init__(self) -> None:
        self._inputs: WeakKeyDictionary[Any, np.ndarray] = WeakKeyDictionary()  # by layer's cache

    def seen(self, x: Tensor, cache: Any) -> Tensor:
        """Return inputs (B, S, C) of the whole sequence that ends with x (B, T, C)."""
        if cache is None:
            return x
        earlier = self._inputs.get(cache, x.array[:, :0])
        length = cache.position.item() if cache.decoding else 0
        if earlier.shape[1] < length:
            raise StateError(message_section("using")["cache_from_before"])
        inputs = np.concatenate([earlier[:, :length], x.array], axis=1)
        self._inputs[cache] = inputs
        return x.from_array(inputs)
