"""Causal attention of all heads, with no (T, T) matrix in memory (Dao et al. 2022, FlashAttention).

qkv (B, T, 3C) holds queries, keys and values side by side, each of H heads of D features. Read
`wide_heads` first: a warp a query, the formula as it stands. `forward` and `backward` do the same
in tiles, which they share through `tiles`: a block keeps some queries and some keys in shared
memory, so that a number that was read once is used many times. `decode` attends with one query of
each text to a cache.
"""

from microgpt.backends.numba_cuda.attention.backward import (
    dropout_attention_backward,
    self_attention_backward,
)
from microgpt.backends.numba_cuda.attention.decode import (
    decode_attention_forward,
    decode_self_attention_,
    increment_position_,
    kv_cache_write_,
)
from microgpt.backends.numba_cuda.attention.forward import (
    dropout_attention_forward,
    self_attention_forward,
)

__all__ = [
    "decode_attention_forward",
    "decode_self_attention_",
    "dropout_attention_backward",
    "dropout_attention_forward",
    "increment_position_",
    "kv_cache_write_",
    "self_attention_backward",
    "self_attention_forward",
]
