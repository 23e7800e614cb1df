"""Sampling: the next token from logits (`token_sampler`), and a text from a prompt.

`generation` (one text) and `batch` (several) are the loops. `decoder` computes logits with a
`kv_cache`; on Numba, `captured_decode` replays a recorded step instead. `text_generation` wraps
both loops for text in place of token ids; `stop_strings` end it.
"""

from microgpt.sampling.batch import generate_batch
from microgpt.sampling.captured_decode import free_decode_step
from microgpt.sampling.decoder import Decoder, window_start
from microgpt.sampling.generation import generate, override_sampler
from microgpt.sampling.incremental_decode import incremental_decode
from microgpt.sampling.kv_cache import KVCache
from microgpt.sampling.text_generation import (
    encode_prompt,
    eos_token_id,
    generate_text,
    stream_text,
)
from microgpt.sampling.token_sampler import SampledToken, next_token, uniform
from microgpt.sampling.validation import resolve_max_new_tokens

__all__ = [
    "Decoder",
    "KVCache",
    "SampledToken",
    "encode_prompt",
    "eos_token_id",
    "free_decode_step",
    "generate",
    "generate_batch",
    "generate_text",
    "incremental_decode",
    "next_token",
    "override_sampler",
    "resolve_max_new_tokens",
    "stream_text",
    "uniform",
    "window_start",
]
