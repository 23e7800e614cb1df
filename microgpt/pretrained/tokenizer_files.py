"""Find and write the tokenizer files beside other programs' weights."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from microgpt import tokenizers
from microgpt._io.json_io import read_json
from microgpt.config import PRESETS, GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.llmc.tokenizer_file import (
    TOKENIZER_FILE,
    read_tokenizer,
    tokenizer_contents,
)
from microgpt.tokenizers import BPETokenizer, Tokenizer, gpt2_vocab
from microgpt.tokenizers.merges_file import MAX_FILE_BYTES

# File names of merges and vocabulary: Hugging Face's, then OpenAI's.
_MERGES_AND_VOCAB = (("merges.txt", "vocab.json"), ("vocab.bpe", "encoder.json"))
_TOKENIZER_JSON = "tokenizer.json"  # the format of Hugging Face's newer library, all in one file
_TOKENIZER_CONFIG = "tokenizer_config.json"


def find_tokenizer(file: Path, config: GPTConfig) -> Tokenizer | None:
    """Return the tokenizer of the model in `file`, or None if it cannot be known offline.

    It is read from the merges in the file's folder. Without them it is GPT-2's, provided that the
    vocabulary sizes match, GPT-2's merges are on this machine, and no other file in the folder
    describes a different tokenizer.
    """
    for merges_name, vocab_name in _MERGES_AND_VOCAB:
        merges, vocab = file.parent / merges_name, file.parent / vocab_name
        if merges.is_file():
            tokenizer = tokenizers.read_merges(merges, vocab if vocab.is_file() else None)
            if tokenizer.vocab_size != config.vocab_size:
                raise FormatError(
                    f"{merges} makes {tokenizer.vocab_size:,} tokens, but the model in "
                    f"{file.name} has {config.vocab_size:,}; put them into different folders"
                )
            return tokenizer
    if config.vocab_size != PRESETS["gpt2-124M"].vocab_size:
        return None
    gpt2 = _local_gpt2()
    return gpt2 if gpt2 is not None and _agrees(file.parent, gpt2) else None


def _local_gpt2() -> BPETokenizer | None:
    """Return GPT-2's tokenizer if its merges are on this machine, else None."""
    for path in gpt2_vocab.local_candidates():
        with contextlib.suppress(FormatError, OSError):
            return tokenizers.gpt2(path)
    return None


def _agrees(folder: Path, tokenizer: BPETokenizer) -> bool:
    """Whether all other tokenizer files in a folder describe this one; False if unreadable."""
    llmc_file, json_file = folder / TOKENIZER_FILE, folder / _TOKENIZER_JSON
    try:
        if llmc_file.is_file():
            tokens, eos_token_id = read_tokenizer(llmc_file)
            expected = tokenizer_contents(tokenizer)
            if tokens != expected.tokens or eos_token_id not in (None, expected.eos_token_id):
                return False
        return not json_file.is_file() or _is_same(json_file, tokenizer)
    except (FormatError, OSError):
        return False


def _is_same(file: Path, tokenizer: BPETokenizer) -> bool:
    """Whether a tokenizer.json has these merges and ids, and GPT-2's splitting and normalizing."""
    content = read_json(file, MAX_FILE_BYTES)
    if content == tokenizer.to_dict():  # written by us
        return True
    model, split = content.get("model"), content.get("pre_tokenizer")
    if not isinstance(model, dict) or not isinstance(split, dict):
        return False
    merges = model.get("merges")
    if not isinstance(merges, list) or model.get("vocab") != tokenizers.get_vocab(tokenizer):
        return False
    lines = [" ".join(map(str, pair)) if isinstance(pair, list) else pair for pair in merges]
    splitting = (split.get("type"), split.get("add_prefix_space"), split.get("use_regex", True))
    return (
        lines == tokenizers.format_merges(tokenizer).split("\n")[1:-1]
        and splitting == ("ByteLevel", False, True)
        and content.get("normalizer") is None
    )


def file_contents(tokenizer: Any) -> dict[str, str]:
    """Return the contents of Hugging Face's tokenizer files, by file name."""
    return {
        "vocab.json": json.dumps(tokenizers.get_vocab(tokenizer), ensure_ascii=False),
        "merges.txt": tokenizers.format_merges(tokenizer),
        _TOKENIZER_CONFIG: json.dumps({"tokenizer_class": "GPT2Tokenizer"}),
    }


def existing_files(folder: Path) -> Iterator[Path]:
    """Return the files in a folder that would be loaded as the tokenizer of its model."""
    names = [name for pair in _MERGES_AND_VOCAB for name in pair]
    names += [_TOKENIZER_JSON, _TOKENIZER_CONFIG, TOKENIZER_FILE]
    return (folder / name for name in names if (folder / name).is_file())
