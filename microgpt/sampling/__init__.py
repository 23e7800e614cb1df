"""Sampling: from logits to the next token (`token_sampler`), and from a prompt to a text.

`generation` and `batch` are the loops, `decoder` reads through a `kv_cache`, `captured_decode`
replays; `text_generation` works on text in place of token ids.
"""

from microgpt.sampling.batch import generate_batch
from microgpt.sampling.captured_decode import free_decode_step
from microgpt.sampling.decoder import Decoder, window_start
from microgpt.sampling.generation import generate, override_sampler
from microgpt.sampling.kv_cache import KVCache
from microgpt.sampling.text_generation import (
    encode_prompt,
    eos_token_id,
    generate_text,
    incremental_decode,
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
