"""From logits to the next token, and from a prompt to a text."""

from microgpt.sampling.batch import generate_batch
from microgpt.sampling.cache import KVCache
from microgpt.sampling.checks import count_of
from microgpt.sampling.choice import Choice, next_token, uniform
from microgpt.sampling.decoder import Decoder, window_start
from microgpt.sampling.generation import choosing, generate
from microgpt.sampling.likelihood import LetterChance, chances_so_far, letter_chances, surprise
from microgpt.sampling.origins import (
    FixedOrigin,
    ModelOrigin,
    Origin,
    long_tail,
    tokenizer_of,
)
from microgpt.sampling.session import release
from microgpt.sampling.texts import end_of, generate_text, opening, pieces, stream_text
from microgpt.sampling.walk import Crossing, Walk

__all__ = [
    "Choice",
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
