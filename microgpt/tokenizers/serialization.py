"""A tokenizer as the dictionary that checkpoints store, and rebuilt from it."""

from typing import Any

from microgpt.errors import FormatError, MicrogptError, SettingError
from microgpt.tokenizers.base import Tokenizer
from microgpt.tokenizers.bpe import BPETokenizer
from microgpt.tokenizers.char import CharTokenizer


def checked_dict(tokenizer: Tokenizer | None) -> dict[str, Any] | None:
    """Return `tokenizer.to_dict()`; SettingError if `from_dict` could not rebuild it."""
    if tokenizer is None:
        return None
    description = tokenizer.to_dict()
    if type(tokenizer) in (CharTokenizer, BPETokenizer):
        return description
    try:
        if from_dict(description).to_dict() == description:
            return description
    except MicrogptError:
        pass
    raise SettingError(
        "tokenizer",
        "a CharTokenizer or BPETokenizer, or described like one, to be loaded again",
        type(tokenizer),
        "save the model without it",
    )


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
