"""The tokenizer that belongs to other people's weights: files beside them, read and written."""

import contextlib
import json
from pathlib import Path
from typing import Any

from microgpt import tokenizers
from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.tokenizers import Tokenizer, gpt2_file

# Merges and ids as Hugging Face and OpenAI call them.
_FILES = (("merges.txt", "vocab.json"), ("vocab.bpe", "encoder.json"))
_GPT2_SIZE = 50257


def beside(file: Path, config: GPTConfig) -> Tokenizer | None:
    """The tokenizer of the model in `file`, if it can be known without a network.

    From the merges in its folder; else GPT-2's, if the model has as many tokens and that is on
    this machine.
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
    return _gpt2() if config.vocab_size == _GPT2_SIZE else None


def _gpt2() -> Tokenizer | None:
    """GPT-2's tokenizer, if its merges are on this machine."""
    for path in gpt2_file.nearby():
        with contextlib.suppress(FormatError, OSError):
            return tokenizers.gpt2(path)
    return None


def files(tokenizer: Any) -> dict[str, str]:
    """What Hugging Face's files hold of a byte-pair tokenizer, by their names."""
    return {
        "vocab.json": json.dumps(tokenizers.token_ids(tokenizer), ensure_ascii=False),
        "merges.txt": tokenizers.merges_text(tokenizer),
        "tokenizer_config.json": json.dumps({"tokenizer_class": "GPT2Tokenizer"}),
    }
