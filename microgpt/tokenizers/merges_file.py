"""Merges as text, the way GPT-2 publishes them: `vocab.bpe`, elsewhere called `merges.txt`.

Every byte is written as one printable character: the 188 printable ones of Latin-1 as themselves,
the others as the characters from number 256 on. A space is Ġ.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from microgpt.errors import FormatError, SettingError
from microgpt.tokenizers.bpe import END_OF_TEXT, BPETokenizer

VERSION = "#version: 0.2"
LARGEST = 2**25  # a file of merges has half a megabyte, a vocabulary one

_PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
# The bytes of GPT-2's tokens 0 to 255: the printable ones first.
GPT2_BYTE_ORDER = bytes([*_PRINTABLE, *(byte for byte in range(256) if byte not in _PRINTABLE)])
_CHARACTER = {
    byte: chr(byte) if byte in _PRINTABLE else chr(256 + token - len(_PRINTABLE))
    for token, byte in enumerate(GPT2_BYTE_ORDER)
}


def printable(content: bytes) -> str:
    """Some bytes as `vocab.bpe` writes them: one visible character for each byte."""
    return "".join(_CHARACTER[byte] for byte in content)


def read_merges(
    path: str | Path,
    vocabulary: str | Path | None = None,
    special_tokens: Iterable[str] = (END_OF_TEXT,),
) -> BPETokenizer:
    """A tokenizer from a file of merges, and the ids from `vocabulary` (vocab.json), if given.

    Without it, ids are GPT-2's: the bytes in its order, the merges, then `special_tokens`. A
    vocabulary has special tokens of its own, and must give ids in that order too, but for the
    bytes among themselves.
    """
    content = read_limited(path)
    if vocabulary is None:
        return parse_merges(content, str(path), special_tokens)
    ids = _read_ids(vocabulary)
    in_order = sorted(_CHARACTER, key=lambda byte: ids.get(_CHARACTER[byte], 256))
    order = bytes(in_order)
    merges = parse_merges(content, str(path), (), order).merges
    special = [name for name in sorted(ids, key=ids.__getitem__) if ids[name] >= 256 + len(merges)]
    tokenizer = BPETokenizer(merges, special, byte_order=order)
    names = _ordinary_names(tokenizer) | tokenizer.special_tokens
    differing = sorted(names.items() ^ ids.items(), key=lambda item: item[1])
    if differing:
        raise FormatError(
            f"{vocabulary} must give ids to the 256 bytes, then to the merges of {path} in their "
            f"order, then to special tokens; found another id for {differing[0][0]!r:.80}"
        )
    return tokenizer


def read_limited(path: str | Path) -> bytes:
    """The content of a file that is no larger than a vocabulary can be."""
    path = Path(path)
    if not path.is_file():
        raise FormatError(f"there is no file {path}; expected one of merges or of a vocabulary")
    if (size := path.stat().st_size) > LARGEST:
        raise FormatError(f"{path} has {size:,} bytes; expected {LARGEST:,} at most")
    return path.read_bytes()


def parse_merges(
    content: bytes,
    name: str,
    special_tokens: Iterable[str] = (END_OF_TEXT,),
    byte_order: bytes = GPT2_BYTE_ORDER,
) -> BPETokenizer:
    """The tokenizer in the content of a file called `name`: a line for each pair of tokens."""
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"{name} must be UTF-8 text; byte {error.start} is not") from None
    ids = {_CHARACTER[byte]: token for token, byte in enumerate(byte_order)}
    merges: list[tuple[int, int]] = []
    for number, line in enumerate(lines, 1):
        if (number == 1 and line.startswith("#version")) or (number == len(lines) and not line):
            continue
        parts = line.rstrip("\r").split(" ")
        if len(parts) != 2 or parts[0] not in ids or parts[1] not in ids:
            raise FormatError(
                f"line {number} of {name} must hold two tokens that exist by then, with a space "
                f"between them; found {line!r:.80}"
            )
        merges.append((ids[parts[0]], ids[parts[1]]))
        ids["".join(parts)] = 255 + len(merges)
    try:
        return BPETokenizer(merges, special_tokens, byte_order=byte_order)
    except FormatError as error:
        raise FormatError(f"{name} is no list of merges: {error}") from None


def format_merges(tokenizer: BPETokenizer) -> str:
    """The content of `vocab.bpe`, or `merges.txt`, for a tokenizer."""
    lines = [VERSION]
    for pair in tokenizer.merges:
        left, right = (printable(tokenizer.token_bytes(token)) for token in pair)
        lines.append(f"{left} {right}")
    return "\n".join(lines) + "\n"


def token_ids(tokenizer: BPETokenizer) -> dict[str, int]:
    """The content of `vocab.json`, or `encoder.json`: each token as printed there, and its id.

    A special token with the name of another token is a SettingError: one of them would be lost.
    """
    names = _ordinary_names(tokenizer)
    for name, token in tokenizer.special_tokens.items():
        if name in names:
            raise SettingError(
                f"tokens {names[name]:,} and {token:,} are both written {name!r:.80}, so one name "
                "would have two ids; give the special token another name"
            )
    return {**names, **tokenizer.special_tokens}


def _ordinary_names(tokenizer: BPETokenizer) -> dict[str, int]:
    last = 256 + len(tokenizer.merges)
    return {printable(tokenizer.token_bytes(token)): token for token in range(last)}


def _read_ids(path: str | Path) -> dict[str, int]:
    try:
        ids = json.loads(read_limited(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{path} must be JSON: {error}") from None
    if not isinstance(ids, dict) or not all(type(token) is int for token in ids.values()):
        raise FormatError(f"{path} must be a JSON dictionary from tokens to ids")
    return ids
