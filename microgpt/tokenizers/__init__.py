"""Text to token ids and back."""

from typing import Any

from microgpt.errors import FormatError
from microgpt.tokenizers.base import Tokenizer
from microgpt.tokenizers.char import CharTokenizer

__all__ = ["CharTokenizer", "Tokenizer", "from_dict"]


def from_dict(description: dict[str, Any]) -> Tokenizer:
    """The tokenizer a checkpoint describes."""
    if not isinstance(description, dict):
        raise FormatError(f"a tokenizer is described by a dictionary; got {description!r:.80}")
    kind, characters = description.get("kind"), description.get("characters")
    if kind != "char" or not isinstance(characters, str):
        raise FormatError(f"the tokenizer kind {kind!r:.80} is not known; known: 'char'")
    if any("\ud800" <= character <= "\udfff" for character in characters):
        raise FormatError("a tokenizer's characters must be whole; one is half of a pair")
    return CharTokenizer(characters, bool(description.get("bos")))
