"""The tokenizer that belongs to other programs' weights: files beside them, found and written."""

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

# Merges and vocabularies as Hugging Face and OpenAI call them.
_MERGES_AND_VOCAB = (("merges.txt", "vocab.json"), ("vocab.bpe", "encoder.json"))
_TOKENIZER_JSON = "tokenizer.json"  # all in one, as Hugging Face's newer library has it
_TOKENIZER_CONFIG = "tokenizer_config.json"


def find_tokenizer(file: Path, config: GPTConfig) -> Tokenizer | None:
    """The tokenizer of the model in `file`, if it can be known without a network.

    From the merges in its folder; else GPT-2's, if the model has as many tokens, its merges are on
    this machine, and no other file in the folder describes another tokenizer.
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
    """GPT-2's tokenizer, if its merges are on this machine."""
    for path in gpt2_vocab.local_candidates():
        with contextlib.suppress(FormatError, OSError):
            return tokenizers.gpt2(path)
    return None


def _agrees(folder: Path, tokenizer: BPETokenizer) -> bool:
    """Whether the other tokenizer files of a folder, if any, describe this one; unreadable: no."""
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
    """The texts of Hugging Face's files for a byte-pair tokenizer, by file name."""
    return {
        "vocab.json": json.dumps(tokenizers.get_vocab(tokenizer), ensure_ascii=False),
        "merges.txt": tokenizers.format_merges(tokenizer),
        _TOKENIZER_CONFIG: json.dumps({"tokenizer_class": "GPT2Tokenizer"}),
    }


def existing_files(folder: Path) -> Iterator[Path]:
    """The files in a folder that would be taken for the tokenizer of the model in it."""
    names = [name for pair in _MERGES_AND_VOCAB for name in pair]
    names += [_TOKENIZER_JSON, _TOKENIZER_CONFIG, TOKENIZER_FILE]
    return (folder / name for name in names if (folder / name).is_file())
