"""The tokenizer that belongs to other people's weights: files beside them, read and written."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from microgpt import tokenizers
from microgpt.checkpoints import json_io
from microgpt.config import PRESETS, GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.llmc import tokenizer_file
from microgpt.tokenizers import BPETokenizer, Tokenizer, gpt2_vocab
from microgpt.tokenizers.merges_file import LARGEST

# Merges and ids as Hugging Face and OpenAI call them.
_FILES = (("merges.txt", "vocab.json"), ("vocab.bpe", "encoder.json"))
_WHOLE = "tokenizer.json"  # all in one file, as Hugging Face's newer library keeps it
_CLASS = "tokenizer_config.json"


def beside(file: Path, config: GPTConfig) -> Tokenizer | None:
    """The tokenizer of the model in `file`, if it can be known without a network.

    From the merges in its folder; else GPT-2's, if the model has as many tokens, that is on this
    machine, and no other file in the folder says otherwise.
    """
    for merges, ids in _FILES:
        if (file.parent / merges).is_file():
            given = file.parent / ids
            tokenizer = tokenizers.read_merges(
                file.parent / merges, given if given.is_file() else None
            )
            if tokenizer.vocab_size != config.vocab_size:
                raise FormatError(
                    f"{file.parent / merges} makes {tokenizer.vocab_size:,} tokens, but the model "
                    f"in {file.name} has {config.vocab_size:,}; put them into different folders"
                )
            return tokenizer
    if config.vocab_size != PRESETS["gpt2-124M"].vocab_size:
        return None
    gpt2 = _gpt2()
    return gpt2 if gpt2 is not None and _agrees(file.parent, gpt2) else None


def _gpt2() -> BPETokenizer | None:
    """GPT-2's tokenizer, if its merges are on this machine."""
    for path in gpt2_vocab.nearby():
        with contextlib.suppress(FormatError, OSError):
            return tokenizers.gpt2(path)
    return None


def _agrees(folder: Path, tokenizer: BPETokenizer) -> bool:
    """Whether the other files that a folder may have describe this tokenizer; unreadable: no."""
    try:
        if (folder / tokenizer_file.FILE).is_file():
            tokens, eos_token_id = tokenizer_file.read_tokenizer(folder / tokenizer_file.FILE)
            ours, end = tokenizer_file.contents(tokenizer)
            if tokens != ours or eos_token_id not in (None, end):  # version 1 does not say it
                return False
        return not (folder / _WHOLE).is_file() or _is_same(folder / _WHOLE, tokenizer)
    except (FormatError, OSError):
        return False


def _is_same(file: Path, tokenizer: BPETokenizer) -> bool:
    """Whether a tokenizer.json has these merges and ids, and splits and normalises as GPT-2."""
    found = json_io.read(file, most=LARGEST)
    if found == tokenizer.to_dict():  # our own description
        return True
    model, split = found.get("model"), found.get("pre_tokenizer")
    if not isinstance(model, dict) or not isinstance(split, dict):
        return False
    merges = model.get("merges")
    if not isinstance(merges, list) or model.get("vocab") != tokenizers.token_ids(tokenizer):
        return False
    lines = [" ".join(map(str, pair)) if isinstance(pair, list) else pair for pair in merges]
    plain = (split.get("type"), split.get("add_prefix_space"), split.get("use_regex", True))
    return (
        lines == tokenizers.format_merges(tokenizer).split("\n")[1:-1]
        and plain == ("ByteLevel", False, True)
        and found.get("normalizer") is None
    )


def files(tokenizer: Any) -> dict[str, str]:
    """What Hugging Face's files hold of a byte-pair tokenizer, by their names."""
    return {
        "vocab.json": json.dumps(tokenizers.token_ids(tokenizer), ensure_ascii=False),
        "merges.txt": tokenizers.format_merges(tokenizer),
        _CLASS: json.dumps({"tokenizer_class": "GPT2Tokenizer"}),
    }


def left_over(folder: Path) -> Iterator[Path]:
    """The files in a folder that would be taken for the tokenizer of a model without one."""
    names = [name for pair in _FILES for name in pair]
    names += [_WHOLE, _CLASS, tokenizer_file.FILE]
    return (folder / name for name in names if (folder / name).is_file())
