"""From logits to the next token, and from a prompt to a text."""

from microgpt.sampling.cache import KVCache
from microgpt.sampling.choice import Choice, next_token, uniform
from microgpt.sampling.generation import generate, generate_text

__all__ = ["Choice", "KVCache", "generate", "generate_text", "next_token", "uniform"]
