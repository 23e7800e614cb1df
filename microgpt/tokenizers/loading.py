"""`load`: load a tokenizer from a file or folder."""

from pathlib import Path
from typing import Any

from microgpt._io.json_io import read_json
from microgpt._io.paths import expand_user
from microgpt.errors import FormatError
from microgpt.tokenizers.base import Tokenizer
from microgpt.tokenizers.gpt2_vocab import FILE_NAMES
from microgpt.tokenizers.merges_file import (
    MAX_FILE_BYTES,
    check_exists,
    read_ids,
    read_limited,
    read_merges,
    split_lines,
)
from microgpt.tokenizers.serialization import from_dict
from microgpt.tokenizers.tokenizer_json import is_tokenizer_json, parse_tokenizer_json
from microgpt.tokenizers.vocab_ids import tokenizer_with_ids

TOKENIZER_FILE = "tokenizer.json"
VOCAB_FILES = ("vocab.json", "encoder.json")
ADDED_TOKENS_FILE = "added_tokens.json"
# Hugging Face's files that name the special tokens which begin and end a document.
ROLE_FILES = ("tokenizer_config.json", "special_tokens_map.json")


def load(path: str | Path) -> Tokenizer:
    """Load a tokenizer from a tokenizer.json, ours or Hugging Face's, or from merges.txt.

    vocab.bpe has the format of merges.txt. A folder with one of these files works too. Token ids
    come from the vocab.json and added_tokens.json beside the merges; without a vocab.json they are
    assigned as in GPT-2. Raises a FormatError that names the file if it cannot be read.
    """
    file = expand_user(path)
    if file.is_dir():
        file = _file_in(file)
    if file.suffix != ".json":
        return _load_merges(file)
    check_exists(file)
    try:
        content = read_json(file, MAX_FILE_BYTES)
        if not is_tokenizer_json(content):
            return from_dict(content)
    except FormatError as error:
        raise FormatError(f"{file} describes no tokenizer of microgpt: {error}") from None
    return parse_tokenizer_json(content, str(file), **_document_tokens(file.parent))


def find_file(folder: Path) -> Path | None:
    """Return the file in a folder that `load` reads first, or None if there is none."""
    files = (folder / name for name in (TOKENIZER_FILE, *FILE_NAMES))
    return next(filter(Path.is_file, files), None)


def has_ids(file: Path) -> bool:
    """Whether the ids of a tokenizer's tokens are in a file; merges alone have those of GPT-2."""
    return file.suffix == ".json" or _vocab_path(file) is not None


def _file_in(folder: Path) -> Path:
    if (file := find_file(folder)) is None:
        raise FormatError(
            f"{folder} holds no tokenizer; expected {TOKENIZER_FILE}, merges.txt or vocab.bpe"
        )
    return file


def _vocab_path(merges: Path) -> Path | None:
    paths = (merges.parent / name for name in VOCAB_FILES)
    return next(filter(Path.is_file, paths), None)


def _load_merges(file: Path) -> Tokenizer:
    if (vocab_path := _vocab_path(file)) is None:
        return read_merges(file)
    ids, added = read_ids(vocab_path), file.parent / ADDED_TOKENS_FILE
    for text, token in (read_ids(added) if added.is_file() else {}).items():
        if ids.setdefault(text, token) != token:
            raise FormatError(
                f"{added} gives {text!r:.80} the id {token}, {vocab_path.name} {ids[text]}; they "
                "are of different tokenizers"
            )
    pairs = split_lines(read_limited(file), str(file))
    return tokenizer_with_ids(
        ids, pairs, str(vocab_path), str(file), **_document_tokens(file.parent)
    )


def _document_tokens(folder: Path) -> dict[str, str]:
    """Return the bos_token and eos_token that the files in a folder name, where they do.

    Raises FormatError if they put a space before each text, which is not done here.
    """
    tokens: dict[str, str] = {}
    for file in (folder / name for name in ROLE_FILES):
        content: dict[str, Any] = read_json(file, MAX_FILE_BYTES) if file.is_file() else {}
        if content.get("add_prefix_space", False) is not False:
            raise FormatError(f"{file}: add_prefix_space must be false, as in GPT-2")
        for role in ("bos_token", "eos_token"):
            value = content.get(role)
            value = value.get("content") if isinstance(value, dict) else value
            if isinstance(value, str):
                tokens.setdefault(role, value)
    return tokens
