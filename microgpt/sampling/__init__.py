"""From logits to the next token, and from a prompt to a text."""

from microgpt.sampling.cache import KVCache
from microgpt.sampling.choice import Choice, next_token, uniform
from microgpt.sampling.decoder import Decoder
from microgpt.sampling.generation import choosing, generate, generate_text
from microgpt.sampling.likelihood import LetterChance, chances_so_far, letter_chances, surprise
from microgpt.sampling.origins import (
    FixedOrigin,
    ModelOrigin,
    Origin,
    long_tail,
    tokenizer_of,
)
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
    "generate",
    "generate_text",
    "letter_chances",
    "long_tail",
    "next_token",
    "surprise",
    "tokenizer_of",
    "uniform",
]
