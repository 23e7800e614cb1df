"""A tokenizer from the description that a checkpoint keeps of it."""

from typing import Any

from microgpt.errors import FormatError
from microgpt.tokenizers.base import Tokenizer
from microgpt.tokenizers.bpe import BPETokenizer
from microgpt.tokenizers.char import CharTokenizer


def from_dict(description: dict[str, Any]) -> Tokenizer:
    """The tokenizer a checkpoint describes."""
    if not isinstance(description, dict):
        raise FormatError(f"a tokenizer is described by a dictionary; got {description!r:.80}")
    kind = description.get("kind")
    if kind == "char":
        return CharTokenizer.from_dict(description)
    if kind == "bpe":
        return BPETokenizer.from_dict(description)
    raise FormatError(f"the tokenizer kind {kind!r:.80} is not known; known: 'bpe', 'char'")
