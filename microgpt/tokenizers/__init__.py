"""Text to token ids and back: by characters, or by pairs of bytes that are often neighbours."""

from microgpt.tokenizers.base import Tokenizer
from microgpt.tokenizers.bpe import END_OF_TEXT, BPETokenizer
from microgpt.tokenizers.bpe_merge import merge, merge_all
from microgpt.tokenizers.bpe_training import BPEMerge, train_bpe
from microgpt.tokenizers.char import CharTokenizer
from microgpt.tokenizers.gpt2_vocab import gpt2
from microgpt.tokenizers.loading import read
from microgpt.tokenizers.merges_file import format_merges, read_merges, token_ids
from microgpt.tokenizers.pretokenization import GPT2_PATTERN, pretokenize
from microgpt.tokenizers.serialization import from_dict

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
    "read",
    "read_merges",
    "token_ids",
    "train_bpe",
]
