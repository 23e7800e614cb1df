"""llm.c's tokenizer files: the bytes of every token, for programs that only turn ids into text."""

from pathlib import Path
from typing import Any, NamedTuple

from microgpt.errors import FormatError, SettingError
from microgpt.pretrained.llmc.header import (
    BYTES,
    TOKENIZER_MAGIC,
    read_header,
    require_size,
    writing_file,
)

FILE = "gpt2_tokenizer.bin"  # its name beside a model
VERSIONS = (1, 2)
LONGEST = 255  # a token's length is one byte


class TokenizerFile(NamedTuple):
    """What a tokenizer file holds; version 1 does not say which token ends a text."""

    tokens: list[bytes]
    eos_token_id: int | None


def read_tokenizer(path: str | Path) -> TokenizerFile:
    """The bytes of each token in a file of version 1 or 2, and the token that ends a text."""
    file = Path(path)
    header = read_header(file, TOKENIZER_MAGIC, VERSIONS)
    version, number, eos_token_id = header[1:4]
    body = file.stat().st_size - BYTES
    if not 1 <= number <= body:  # each token takes a byte at least: its length
        raise FormatError(
            f"{file} must hold between 1 and {body:,} tokens, one a byte at the most; its header "
            f"says {number:,}"
        )
    if version > 1 and not 0 <= eos_token_id < number:
        raise FormatError(
            f"{file} must name one of its {number:,} tokens as the end of a text; found "
            f"{eos_token_id:,}"
        )
    with open(file, "rb") as stream:
        stream.seek(BYTES)
        content = stream.read()
    tokens, place = [], 0
    for token in range(number):
        length = content[place] if place < len(content) else 0
        if place + 1 + length > len(content):
            raise FormatError(
                f"{file} is cut short: token {token:,} of {number:,} ends after byte "
                f"{BYTES + place + 1 + length:,}; found {BYTES + len(content):,}. Copy or write "
                "it again"
            )
        tokens.append(content[place + 1 : place + 1 + length])
        place += 1 + length
    require_size(file, BYTES + place, f"{number:,} tokens")
    return TokenizerFile(tokens, eos_token_id if version > 1 else None)


def write_tokenizer(path: str | Path, tokenizer: Any) -> Path:
    """Write the bytes of a tokenizer's tokens for llm.c (version 2); the file's path.

    It takes a byte-pair tokenizer (one that has `token_bytes`) with an end of text; a token is at
    most 255 bytes long. How a text is split is not in the file: it only turns ids into text.
    """
    tokens, eos_token_id = contents(tokenizer)
    with writing_file(path, TOKENIZER_MAGIC, 2, len(tokens), eos_token_id) as stream:
        stream.write(b"".join(bytes([len(content)]) + content for content in tokens))
    return Path(path)


def contents(tokenizer: Any) -> tuple[list[bytes], int]:
    """What the file of a tokenizer holds; what such a file cannot hold is a SettingError."""
    if not hasattr(tokenizer, "token_bytes"):
        raise SettingError(
            "llm.c's file takes a tokenizer of byte pairs, such as tokenizers.gpt2(); got "
            f"{type(tokenizer).__name__}"
        )
    eos_token_id = tokenizer.eos_token_id
    if eos_token_id is None:
        raise SettingError("llm.c's file names the token that ends a text; this tokenizer has none")
    tokens = [tokenizer.token_bytes(token) for token in range(tokenizer.vocab_size)]
    for token, content in enumerate(tokens):
        if not 1 <= len(content) <= LONGEST:
            raise SettingError(
                f"a token in llm.c's file has 1 to {LONGEST} bytes; token {token} has "
                f"{len(content):,}"
            )
    return tokens, eos_token_id
