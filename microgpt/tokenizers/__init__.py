"""Text to token ids and back."""

from typing import Any

from microgpt.errors import FormatError
from microgpt.tokenizers.base import Tokenizer
from microgpt.tokenizers.char import CharTokenizer

__all__ = ["CharTokenizer", "Tokenizer", "from_dict"]


def from_dict(description: dict[str, Any]) -> Tokenizer:
    """The tokenizer a checkpoint describes."""
    kind = description.get("kind")
    characters = description.get("characters")
    if kind != "char" or not isinstance(characters, str):
        raise FormatError(f"the tokenizer kind {kind!r} is not known; known: 'char'")
    return CharTokenizer(characters, bool(description.get("bos")))
