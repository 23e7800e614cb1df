"""Find and write the tokenizer files beside other programs' weights."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from microgpt import tokenizers
from microgpt.config import PRESETS, GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.llmc.tokenizer_file import (
    TOKENIZER_FILE,
    read_tokenizer,
    tokenizer_contents,
)
from microgpt.tokenizers import BPETokenizer, Tokenizer, gpt2_vocab

# Hugging Face's names, then OpenAI's.
_FILES = ["tokenizer.json", "merges.txt", "vocab.json", "added_tokens.json"]
_FILES += ["tokenizer_config.json", "special_tokens_map.json", "vocab.bpe", "encoder.json"]

MAX_PADDING = 1024  # ids of a model beyond its tokenizer's, which only pad its matrices
USUAL_MULTIPLE = 64  # that vocabularies are padded to: GPT-2's 50,257 to 50,304


def find_tokenizer(file: Path, config: GPTConfig) -> Tokenizer | None:
    """Return the tokenizer of the model in `file`, or None if it cannot be known offline.

    It is read from the files in the model's folder. Without them it is GPT-2's, provided that the
    vocabulary sizes match, GPT-2's merges are on this machine, and llm.c's tokenizer file, if there
    is one, describes no other.
    """
    if (found := tokenizers.find_file(file.parent)) is not None:
        tokenizer = tokenizers.load(found)
        if not fits(tokenizer.vocab_size, config, tokenizers.has_ids(found)):
            raise FormatError(
                f"{found} makes {tokenizer.vocab_size:,} tokens, but the model in "
                f"{file.name} has {config.vocab_size:,}; put them into different folders"
            )
        return tokenizer
    if not fits(PRESETS["gpt2-124M"].vocab_size, config, has_ids=False):
        return None
    gpt2 = _local_gpt2()
    return gpt2 if gpt2 is not None and _agrees(file.parent, gpt2) else None


def fits(vocab_size: int, config: GPTConfig, has_ids: bool = True) -> bool:
    """Whether a model may be of a tokenizer with `vocab_size` tokens: it has as many, or padding.

    Where no file gives the ids (`has_ids`), the size is the only evidence that the two belong
    together, and only the usual padding is accepted.
    """
    if has_ids:
        return 0 <= config.vocab_size - vocab_size < MAX_PADDING
    return config.vocab_size in (vocab_size, vocab_size + -vocab_size % USUAL_MULTIPLE)


def has_tokenizer(folder: Path) -> bool:
    """Whether the tokenizer of a published GPT-2 in this folder can be known offline."""
    candidates = gpt2_vocab.local_candidates()
    return tokenizers.find_file(folder) is not None or any(path.is_file() for path in candidates)


def _local_gpt2() -> BPETokenizer | None:
    """Return GPT-2's tokenizer if its merges are on this machine, else None."""
    for path in gpt2_vocab.local_candidates():
        with contextlib.suppress(FormatError, OSError):
            return tokenizers.gpt2(path)
    return None


def _agrees(folder: Path, tokenizer: BPETokenizer) -> bool:
    """Whether llm.c's tokenizer file in a folder, if any, describes this one; False if damaged."""
    file = folder / TOKENIZER_FILE
    if not file.is_file():
        return True
    try:
        tokens, eos_token_id = read_tokenizer(file)
    except (FormatError, OSError):
        return False
    expected = tokenizer_contents(tokenizer)
    return tokens == expected.tokens and eos_token_id in (None, expected.eos_token_id)


def file_contents(tokenizer: Any) -> dict[str, str]:
    """Return the contents of Hugging Face's tokenizer files, by file name."""
    tokens = {"bos_token": tokenizer.bos_token, "eos_token": tokenizer.eos_token}
    roles = {role: token for role, token in tokens.items() if token is not None}
    return {
        "vocab.json": json.dumps(tokenizers.get_vocab(tokenizer), ensure_ascii=False),
        "merges.txt": tokenizers.format_merges(tokenizer),
        "tokenizer_config.json": json.dumps({"tokenizer_class": "GPT2Tokenizer", **roles}),
    }


def existing_files(folder: Path) -> Iterator[Path]:
    """Return the files in a folder that would be loaded as the tokenizer of its model."""
    names = [*_FILES, TOKENIZER_FILE]
    return (folder / name for name in names if (folder / name).is_file())
