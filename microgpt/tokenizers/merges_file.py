"""GPT-2's files of merges (vocab.bpe or merges.txt) and token ids (encoder.json or vocab.json).

Each byte is written as one printable character: the 188 printable bytes of Latin-1 as themselves,
the others as the characters from code point 256 on. A space becomes Ġ.
"""

from collections.abc import Iterable
from pathlib import Path

from microgpt._io.json_io import read_json
from microgpt.errors import Described, FormatError, SettingError, shorten
from microgpt.tokenizers.bpe import END_OF_TEXT, BPETokenizer

VERSION = "#version: 0.2"
MAX_FILE_BYTES = 2**25  # GPT-2's merges.txt has 0.5 MB, its vocab.json 1 MB

_PRINTABLE_BYTES = [*range(33, 127), *range(161, 173), *range(174, 256)]
# The bytes of GPT-2's tokens 0 to 255: the printable ones first.
GPT2_BYTE_ORDER = bytes(sorted(range(256), key=lambda byte: byte not in _PRINTABLE_BYTES))
_BYTE_TO_UNICODE = {
    byte: chr(byte) if byte in _PRINTABLE_BYTES else chr(256 + token - len(_PRINTABLE_BYTES))
    for token, byte in enumerate(GPT2_BYTE_ORDER)
}


def bytes_to_unicode(content: bytes) -> str:
    """Return bytes as GPT-2's files write them: one printable character for each byte."""
    return "".join(_BYTE_TO_UNICODE[byte] for byte in content)


def read_merges(
    path: str | Path,
    vocab_path: str | Path | None = None,
    special_tokens: Iterable[str] = (END_OF_TEXT,),
) -> BPETokenizer:
    """Build a tokenizer from a merges file, with the ids in `vocab_path` (vocab.json) if given.

    Without a vocab.json, token ids are in GPT-2's order: the bytes, as GPT-2 orders them; then the
    merges; then `special_tokens`. A vocab.json has its own special tokens. Its ids must follow the
    same order, except that the bytes may be in any order among themselves.
    """
    content = read_limited(path)
    if vocab_path is None:
        return parse_merges(content, str(path), special_tokens)
    vocab = _read_vocab(vocab_path)
    in_order = sorted(_BYTE_TO_UNICODE, key=lambda byte: vocab.get(_BYTE_TO_UNICODE[byte], 256))
    byte_order = bytes(in_order)
    merges = parse_merges(content, str(path), (), byte_order).merges
    by_id = sorted(vocab, key=vocab.__getitem__)
    special_tokens = [name for name in by_id if vocab[name] >= 256 + len(merges)]
    tokenizer = BPETokenizer(merges, special_tokens, byte_order=byte_order)
    expected = _ordinary_vocab(tokenizer) | tokenizer.special_tokens
    differing = sorted(expected.items() ^ vocab.items(), key=lambda item: item[1])
    if differing:
        raise FormatError(
            f"{vocab_path} must give ids to the 256 bytes, then to the merges of {path} in their "
            f"order, then to special tokens; found another id for {differing[0][0]!r:.80}"
        )
    return tokenizer


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
    content: bytes,
    name: str,
    special_tokens: Iterable[str] = (END_OF_TEXT,),
    byte_order: bytes = GPT2_BYTE_ORDER,
) -> BPETokenizer:
    """Build a tokenizer from the content of a merges file: one pair of tokens per line.

    `name` is the file's name, for error messages.
    """
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"{name} must be UTF-8 text; byte {error.start} is not") from None
    vocab = {_BYTE_TO_UNICODE[byte]: token for token, byte in enumerate(byte_order)}
    merges: list[tuple[int, int]] = []
    for number, line in enumerate(lines, 1):
        if (number == 1 and line.startswith("#version")) or (number == len(lines) and not line):
            continue
        parts = line.rstrip("\r").split(" ")
        if len(parts) != 2 or parts[0] not in vocab or parts[1] not in vocab:
            raise FormatError(
                f"line {number} of {name} must hold two tokens defined by earlier lines, with a "
                f"space between them; found {line!r:.80}"
            )
        merges.append((vocab[parts[0]], vocab[parts[1]]))
        vocab["".join(parts)] = 255 + len(merges)
    try:
        return BPETokenizer(merges, special_tokens, byte_order=byte_order)
    except FormatError as error:
        raise FormatError(f"{name} is not a valid list of merges: {error}") from None


def format_merges(tokenizer: BPETokenizer) -> str:
    """Return the content of a merges.txt (or vocab.bpe): a version line, then one pair per line."""
    lines = [VERSION]
    for pair in tokenizer.merges:
        left, right = (bytes_to_unicode(tokenizer.token_bytes(token)) for token in pair)
        lines.append(f"{left} {right}")
    return "\n".join(lines) + "\n"


def get_vocab(tokenizer: BPETokenizer) -> dict[str, int]:
    """Return the content of a vocab.json (or encoder.json): a dictionary from token text to id.

    Raises SettingError if a special token has the name of another token: one would be lost.
    """
    vocab = _ordinary_vocab(tokenizer)
    for name, token in tokenizer.special_tokens.items():
        if name in vocab:
            raise SettingError(
                "special_tokens",
                "unlike all other tokens",
                Described(f"{shorten(repr(name))} as tokens {vocab[name]:,} and {token:,}"),
                "give the special token another name",
            )
    return {**vocab, **tokenizer.special_tokens}


def _ordinary_vocab(tokenizer: BPETokenizer) -> dict[str, int]:
    num_ordinary = 256 + len(tokenizer.merges)
    return {bytes_to_unicode(tokenizer.token_bytes(token)): token for token in range(num_ordinary)}


def _read_vocab(path: str | Path) -> dict[str, int]:
    vocab = read_json(check_exists(path), MAX_FILE_BYTES)
    if not all(type(token) is int for token in vocab.values()):
        raise FormatError(f"{path} must be a JSON object from tokens to integer ids")
    return vocab
