"""llm.c's binary files: 256 whole numbers of 32 bits say what follows, little-endian.

The first is a magic number that names the kind of file, the second the version of its layout.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from microgpt._io.atomic_write import atomic_write
from microgpt.data.shard_header import MAGIC as SHARD_MAGIC
from microgpt.data.shard_header import MODEL_MAGIC, STATE_MAGIC, TOKENIZER_MAGIC
from microgpt.errors import FormatError, SettingError

KINDS = {MODEL_MAGIC: "model", STATE_MAGIC: "debug state", TOKENIZER_MAGIC: "tokenizer", SHARD_MAGIC: "token shard"}
INTS, BYTES = 256, 1024
LARGEST = 2**31 - 1


def magic(path: str | Path) -> int | None:
    """The first whole number of a file, which says its kind; None if it has none."""
    with open(path, "rb") as stream:
        first = stream.read(4)
    return int.from_bytes(first, "little", signed=True) if len(first) == 4 else None


def read_header(path: Path, kind: int, versions: tuple[int, ...]) -> list[int]:
    """The 256 numbers of a file that must be of this kind and of a known version."""
    what = KINDS[kind]
    if not path.is_file():
        raise FormatError(f"there is no llm.c {what} file at {path}; give the path of one")
    with open(path, "rb") as stream:
        content = stream.read(BYTES)
    found = int.from_bytes(content[:4], "little", signed=True)
    if len(content) >= 4 and found != kind:
        raise FormatError(f"{path} is not an llm.c {what}: {_other(content[:4], found, kind)}")
    if len(content) < BYTES:
        raise FormatError(
            f"{path} is cut short: an llm.c {what} begins with a header of {BYTES:,} bytes; "
            f"found {len(content):,} bytes in all. Copy or write it again"
        )
    header = [int(number) for number in np.frombuffer(content, "<i4")]
    if header[1] not in versions:
        known = ", ".join(map(str, versions))
        raise FormatError(
            f"{path} is an llm.c {what} of version {header[1]}, which is not known; known: {known}"
        )
    return header


def _other(first: bytes, found: int, kind: int) -> str:
    if found in KINDS:
        return f"its magic number {found} says that it is a {KINDS[found]}; give the {KINDS[kind]}"
    swapped = int.from_bytes(first, "big", signed=True)
    if swapped in KINDS:
        return (
            f"its bytes are in big-endian order (the magic number {swapped} comes as {found}), and "
            "llm.c's are little-endian; write it again on a little-endian machine"
        )
    return f"it must begin with the magic number {kind}; found {found}"


def require_size(path: Path, expected: int, what: str) -> None:
    """Refuse a file that is shorter or longer than what its header announces."""
    found = path.stat().st_size
    if found < expected:
        raise FormatError(
            f"{path} is cut short: {what} takes {expected:,} bytes; found {found:,}. Copy or write "
            "it again"
        )
    if found > expected:
        raise FormatError(
            f"{path} is too long: {what} takes {expected:,} bytes; found {found:,}, so its header "
            "and what follows do not belong together"
        )


def read_numbers(path: Path, start: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """The numbers that begin at a byte of a file, which must be there."""
    count = prod(shape)
    numbers = np.fromfile(path, dtype, count, offset=start)
    if len(numbers) != count:
        raise FormatError(
            f"{path} is cut short: {count:,} numbers should follow byte {start:,}; found "
            f"{len(numbers):,}. Copy or write it again"
        )
    return numbers.reshape(shape)


@contextmanager
def writing_file(path: str | Path, kind: int, version: int, *numbers: int) -> Iterator[BinaryIO]:
    """A stream that follows a header of these numbers; the file appears once all is written."""
    for number in numbers:
        if not 0 <= number <= LARGEST:
            raise SettingError(f"an llm.c header holds numbers up to {LARGEST:,}; got {number:,}")
    header = np.zeros(INTS, "<i4")
    header[: 2 + len(numbers)] = kind, version, *numbers
    with atomic_write(Path(path)) as stream:
        stream.write(header.tobytes())
        yield stream
