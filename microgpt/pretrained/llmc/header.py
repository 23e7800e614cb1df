"""The header of llm.c's binary files: 256 int32, little-endian.

The first is a magic number for the file type, the second the version of the format.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from microgpt._io.atomic_write import atomic_write
from microgpt.data.shard_header import (
    HEADER_BYTES,
    MODEL_MAGIC,
    SHARD_MAGIC,
    STATE_MAGIC,
    TOKENIZER_MAGIC,
    read_magic,
)
from microgpt.errors import FormatError, SettingError

FILE_TYPES = {
    MODEL_MAGIC: "model",
    STATE_MAGIC: "debug state",
    TOKENIZER_MAGIC: "tokenizer",
    SHARD_MAGIC: "token shard",
}
MAX_INT32 = 2**31 - 1


def has_magic(path: str | Path, magic: int) -> bool:
    """Whether a file begins with this magic number."""
    with open(path, "rb") as stream:
        return read_magic(stream.read(4)) == magic


def read_header(path: Path, magic: int, versions: tuple[int, ...]) -> list[int]:
    """Return the 256 integers of a header, after checking its magic number and version."""
    file_type = FILE_TYPES[magic]
    if not path.is_file():
        raise FormatError(f"there is no llm.c {file_type} file at {path}; give the path of one")
    with open(path, "rb") as stream:
        content = stream.read(HEADER_BYTES)
    found = read_magic(content)
    if found is not None and found != magic:
        raise FormatError(
            f"{path} is not an llm.c {file_type}: {_explain_magic(content, found, magic)}"
        )
    if len(content) < HEADER_BYTES:
        raise FormatError(
            f"{path} is cut short: an llm.c {file_type} begins with a header of "
            f"{HEADER_BYTES:,} bytes; found {len(content):,} bytes in all. Copy or write it again"
        )
    header = np.frombuffer(content, "<i4").tolist()
    if header[1] not in versions:
        raise FormatError(
            f"{path} is an llm.c {file_type} of version {header[1]}, which is not known; known: "
            f"{', '.join(map(str, versions))}"
        )
    return header


def _explain_magic(content: bytes, found: int, expected: int) -> str:
    if found in FILE_TYPES:
        return (
            f"its magic number {found} says that it is a {FILE_TYPES[found]}; give the "
            f"{FILE_TYPES[expected]}"
        )
    swapped = int.from_bytes(content[:4], "big", signed=True)
    if swapped in FILE_TYPES:
        return (
            f"its bytes are in big-endian order (the magic number {swapped} comes as {found}), and "
            "llm.c's are little-endian; write it again on a little-endian machine"
        )
    return f"it must begin with the magic number {expected}; found {found}"


def check_file_size(path: Path, expected: int, content: str) -> None:
    """Raise FormatError unless a file has `expected` bytes, which its header's `content` takes."""
    size = path.stat().st_size
    if size < expected:
        raise FormatError(
            f"{path} is cut short: {content} takes {expected:,} bytes; found {size:,}. Copy or "
            "write it again"
        )
    if size > expected:
        raise FormatError(
            f"{path} is too long: {content} takes {expected:,} bytes; found {size:,}, so its "
            "header and what follows do not belong together"
        )


def read_array(path: Path, offset: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return the array that starts at byte `offset` of a file."""
    size = prod(shape)
    array = np.fromfile(path, dtype, size, offset=offset)
    if len(array) != size:
        raise FormatError(
            f"{path} is cut short: {size:,} numbers should follow byte {offset:,}; found "
            f"{len(array):,}. Copy or write it again"
        )
    return array.reshape(shape)


@contextmanager
def atomic_write_with_header(
    path: str | Path, magic: int, version: int, *fields: int
) -> Iterator[BinaryIO]:
    """Write a header of these fields, yield the stream; the file appears if the block succeeds."""
    for value in fields:
        if not 0 <= value <= MAX_INT32:
            raise SettingError("a number in an llm.c header", f"from 0 to {MAX_INT32:,}", value)
    header = np.zeros(HEADER_BYTES // 4, "<i4")
    header[: 2 + len(fields)] = magic, version, *fields
    with atomic_write(Path(path)) as stream:
        stream.write(header.tobytes())
        yield stream
