"""Tokenizers from text to token ids and back: by character, or by byte-pair encoding."""

from microgpt.tokenizers.association import associate, resolve_tokenizer
from microgpt.tokenizers.base import Tokenizer, is_byte_pair
from microgpt.tokenizers.bpe import END_OF_TEXT, BPETokenizer
from microgpt.tokenizers.bpe_merge import merge, merge_all
from microgpt.tokenizers.bpe_training import BPEMerge, train_bpe
from microgpt.tokenizers.char import CharTokenizer
from microgpt.tokenizers.gpt2_vocab import gpt2
from microgpt.tokenizers.loading import find_file, has_ids, load
from microgpt.tokenizers.merges_file import format_merges, read_merges
from microgpt.tokenizers.pretokenization import GPT2_PATTERN, pretokenize
from microgpt.tokenizers.serialization import checked_dict, from_dict
from microgpt.tokenizers.vocab_ids import get_vocab

__all__ = [
    "END_OF_TEXT",
    "GPT2_PATTERN",
    "BPEMerge",
    "BPETokenizer",
    "CharTokenizer",
    "Tokenizer",
    "associate",
    "checked_dict",
    "find_file",
    "format_merges",
    "from_dict",
    "get_vocab",
    "gpt2",
    "has_ids",
    "is_byte_pair",
    "load",
    "merge",
    "merge_all",
    "pretokenize",
    "read_merges",
    "resolve_tokenizer",
    "train_bpe",
]
