"""Text to token ids and back: by characters, or by pairs of bytes that are often neighbours."""

from typing import Any

from microgpt.errors import FormatError
from microgpt.tokenizers.base import Tokenizer
from microgpt.tokenizers.bpe import END_OF_TEXT, BPETokenizer
from microgpt.tokenizers.char import CharTokenizer
from microgpt.tokenizers.gpt2_file import gpt2
from microgpt.tokenizers.learning import Merge, train_bpe
from microgpt.tokenizers.merges_file import merges_text, read_merges, token_ids
from microgpt.tokenizers.merging import merge, merge_all
from microgpt.tokenizers.splitting import GPT2_PATTERN, chunks

__all__ = [
    "END_OF_TEXT",
    "GPT2_PATTERN",
    "BPETokenizer",
    "CharTokenizer",
    "Merge",
    "Tokenizer",
    "chunks",
    "from_dict",
    "gpt2",
    "merge",
    "merge_all",
    "merges_text",
    "read_merges",
    "token_ids",
    "train_bpe",
]


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
