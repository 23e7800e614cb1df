"""GPT-2's files of merges (vocab.bpe or merges.txt) and token ids (encoder.json or vocab.json)."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from microgpt._io.json_io import read_json
from microgpt.errors import FormatError
from microgpt.tokenizers.bpe import END_OF_TEXT, BPETokenizer
from microgpt.tokenizers.vocab_ids import (
    GPT2_BYTE_ORDER,
    bytes_to_unicode,
    join_pairs,
    tokenizer_with_ids,
)

VERSION = "#version: 0.2"
MAX_FILE_BYTES = 2**25  # GPT-2's merges.txt has 0.5 MB, its vocab.json 1 MB


def read_merges(
    path: str | Path,
    vocab_path: str | Path | None = None,
    special_tokens: Iterable[str] = (END_OF_TEXT,),
) -> BPETokenizer:
    """Build a tokenizer from a merges file, with the ids in `vocab_path` (vocab.json) if given.

    Without a vocab.json, token ids are in GPT-2's order: the bytes, as GPT-2 orders them; then the
    merges; then `special_tokens`. A vocab.json has its own special tokens, before the bytes or
    after the merges; `tokenizer_with_ids` has the rule.
    """
    content = read_limited(path)
    if vocab_path is None:
        return parse_merges(content, str(path), special_tokens)
    pairs = split_lines(content, str(path))
    return tokenizer_with_ids(read_ids(vocab_path), pairs, str(vocab_path), str(path))


def read_ids(path: str | Path) -> dict[str, int]:
    """Return the content of a vocab.json or added_tokens.json: a dictionary from token to id."""
    ids = read_json(check_exists(path), MAX_FILE_BYTES)
    if not all(type(token) is int for token in ids.values()):
        raise FormatError(f"{path} must be a JSON object from tokens to integer ids")
    return ids


def read_limited(path: str | Path) -> bytes:
    """Return the content of a file of at most MAX_FILE_BYTES bytes."""
    path = check_exists(path)
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        raise FormatError(f"{path} has {size:,} bytes; expected {MAX_FILE_BYTES:,} at most")
    return path.read_bytes()


def check_exists(path: str | Path) -> Path:
    """Return the path; raise FormatError unless it is a file."""
    path = Path(path)
    if not path.is_file():
        raise FormatError(f"there is no file {path}; expected one of merges or of a vocabulary")
    return path


def parse_merges(
    content: bytes, name: str, special_tokens: Iterable[str] = (END_OF_TEXT,)
) -> BPETokenizer:
    """Build a tokenizer, with ids as in GPT-2, from the content of a merges file.

    `name` is the file's name, for error messages.
    """
    merges = join_pairs(split_lines(content, name), name)
    try:
        return BPETokenizer(merges, special_tokens, byte_order=GPT2_BYTE_ORDER)
    except FormatError as error:
        raise FormatError(f"{name} is not a valid list of merges: {error}") from None


def split_lines(content: bytes, name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each line of a merges file as (its name in errors, the texts on it)."""
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"{name} must be UTF-8 text; byte {error.start} is not") from None
    for number, line in enumerate(lines, 1):
        is_version = number == 1 and line.startswith("#version")
        if not is_version and (line or number < len(lines)):
            yield f"line {number} of {name}", line.rstrip("\r").split(" ")


def format_merges(tokenizer: BPETokenizer) -> str:
    """Return the content of a merges.txt (or vocab.bpe): a version line, then one pair per line."""
    lines = [VERSION]
    for pair in tokenizer.merges:
        left, right = (bytes_to_unicode(tokenizer.token_bytes(token)) for token in pair)
        lines.append(f"{left} {right}")
    return "\n".join(lines) + "\n"
