"""From logits to the next token, and from a prompt to a text."""

from microgpt.sampling.batch import generate_batch
from microgpt.sampling.captured_decode import release
from microgpt.sampling.decoder import Decoder, window_start
from microgpt.sampling.generation import choosing, generate
from microgpt.sampling.kv_cache import KVCache
from microgpt.sampling.logits_source import (
    FixedOrigin,
    ModelOrigin,
    Origin,
    long_tail,
    tokenizer_of,
)
from microgpt.sampling.sampling_trace import Crossing, Walk
from microgpt.sampling.text_generation import end_of, generate_text, opening, pieces, stream_text
from microgpt.sampling.token_sampler import SampledToken, next_token, uniform
from microgpt.sampling.token_scores import LetterChance, chances_so_far, letter_chances, surprise
from microgpt.sampling.validation import count_of

__all__ = [
    "SampledToken",
    "Crossing",
    "Decoder",
    "FixedOrigin",
    "KVCache",
    "LetterChance",
    "ModelOrigin",
    "Origin",
    "Walk",
    "chances_so_far",
    "choosing",
    "count_of",
    "end_of",
    "generate",
    "generate_batch",
    "generate_text",
    "letter_chances",
    "long_tail",
    "next_token",
    "opening",
    "pieces",
    "release",
    "stream_text",
    "surprise",
    "tokenizer_of",
    "uniform",
    "window_start",
]
