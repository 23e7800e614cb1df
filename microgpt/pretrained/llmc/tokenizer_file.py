"""Read and write llm.c's tokenizer files: the bytes of every token, for decoding only."""

from pathlib import Path
from typing import Any, NamedTuple

from microgpt.errors import Described, FormatError, SettingError
from microgpt.pretrained.llmc.header import (
    HEADER_BYTES,
    TOKENIZER_MAGIC,
    atomic_write_with_header,
    check_file_size,
    read_header,
)
from microgpt.tokenizers import is_byte_pair

TOKENIZER_FILE = "gpt2_tokenizer.bin"  # the file's name beside a model
VERSIONS = (1, 2)
MAX_TOKEN_BYTES = 255  # a token's length is one byte


class TokenizerContents(NamedTuple):
    """The bytes of each token, and the id of the EOS token (None in version 1)."""

    tokens: list[bytes]
    eos_token_id: int | None


def read_tokenizer(path: str | Path) -> TokenizerContents:
    """Read a tokenizer file of version 1 or 2."""
    file = Path(path)
    version, vocab_size, eos_token_id = read_header(file, TOKENIZER_MAGIC, VERSIONS)[1:4]
    max_tokens = file.stat().st_size - HEADER_BYTES  # each token takes at least its length byte
    if not 1 <= vocab_size <= max_tokens:
        raise FormatError(
            f"{file} must hold between 1 and {max_tokens:,} tokens, one a byte at the most; its "
            f"header says {vocab_size:,}"
        )
    if version > 1 and not 0 <= eos_token_id < vocab_size:
        raise FormatError(
            f"{file} must name one of its {vocab_size:,} tokens as the end of a text; found "
            f"{eos_token_id:,}"
        )
    with open(file, "rb") as stream:
        stream.seek(HEADER_BYTES)
        content = stream.read()
    tokens, offset = [], 0
    for token in range(vocab_size):
        length = content[offset] if offset < len(content) else 0
        end = offset + 1 + length
        if end > len(content):
            raise FormatError(
                f"{file} is cut short: token {token:,} of {vocab_size:,} ends after byte "
                f"{HEADER_BYTES + end:,}; found {HEADER_BYTES + len(content):,}. Copy or write "
                "it again"
            )
        tokens.append(content[offset + 1 : end])
        offset = end
    check_file_size(file, HEADER_BYTES + offset, f"{vocab_size:,} tokens")
    return TokenizerContents(tokens, eos_token_id if version > 1 else None)


def write_tokenizer(path: str | Path, tokenizer: Any) -> Path:
    """Write a byte-pair tokenizer's tokens to an llm.c file (version 2), and return the path.

    The tokenizer must have an `eos_token_id`, and its tokens at most 255 bytes each. The file has
    no merges and no pattern, so programs can decode with it but not encode.
    """
    tokens, eos_token_id = tokenizer_contents(tokenizer)
    assert eos_token_id is not None
    header = (TOKENIZER_MAGIC, 2, len(tokens), eos_token_id)
    with atomic_write_with_header(path, *header) as stream:
        stream.write(b"".join(bytes([len(token)]) + token for token in tokens))
    return Path(path)


def tokenizer_contents(tokenizer: Any) -> TokenizerContents:
    """Return a tokenizer's file contents; raise SettingError if the format cannot hold them."""
    if not is_byte_pair(tokenizer):
        raise SettingError(
            "tokenizer",
            "of byte pairs, such as tokenizers.gpt2(), for llm.c's file",
            type(tokenizer),
        )
    if tokenizer.eos_token_id is None:
        raise SettingError(
            "tokenizer",
            "one with a token that ends a text, for llm.c's file",
            Described("one without"),
        )
    tokens = [tokenizer.token_bytes(token) for token in range(tokenizer.vocab_size)]
    for token, content in enumerate(tokens):
        if not 1 <= len(content) <= MAX_TOKEN_BYTES:
            raise SettingError(
                f"token {token}",
                f"1 to {MAX_TOKEN_BYTES} bytes long, for llm.c's file",
                Described(f"{len(content):,} bytes"),
            )
    return TokenizerContents(tokens, tokenizer.eos_token_id)
