"""Rebuild a tokenizer from the dictionary of `to_dict`, as checkpoints store it."""

from typing import Any

from microgpt.errors import FormatError
from microgpt.tokenizers.base import Tokenizer
from microgpt.tokenizers.bpe import BPETokenizer
from microgpt.tokenizers.char import CharTokenizer


def from_dict(description: dict[str, Any]) -> Tokenizer:
    """Rebuild the tokenizer from the dictionary of `to_dict`; its "type" is "bpe" or "char"."""
    if not isinstance(description, dict):
        raise FormatError(f"a tokenizer is described by a dictionary; got {description!r:.80}")
    type_ = description.get("type")
    if type_ == "char":
        return CharTokenizer.from_dict(description)
    if type_ == "bpe":
        return BPETokenizer.from_dict(description)
    raise FormatError(f"the tokenizer type {type_!r:.80} is not known; known: 'bpe', 'char'")
