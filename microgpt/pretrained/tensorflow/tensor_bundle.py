"""TensorFlow's checkpoint: an index of tensors, and their numbers in one file or several."""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np

from microgpt.errors import FormatError
from microgpt.pretrained.tensor_slice import TensorSlice
from microgpt.pretrained.tensorflow import sstable
from microgpt.pretrained.tensorflow.crc32c import extended, masked
from microgpt.pretrained.tensorflow.protobuf import Malformed, fields

FLOAT32 = 1
_DTYPES = {2: "float64", 3: "int32", 4: "uint8", 7: "string", 9: "int64", 10: "bool"}
_DTYPES |= {14: "bfloat16", 19: "float16"}


@dataclass(frozen=True)
class Entry:
    """One tensor: where it is, and the masked CRC-32C of its bytes."""

    span: TensorSlice
    crc: int

    def read_into(self, array: np.ndarray, turned: bool, label: str) -> None:
        """Fill a float32 array with the tensor, then compare the checksum.

        `turned`: the tensor has shape (1, in, out), the array (out, in).
        """
        crc, span = 0, self.span
        if turned:
            span = replace(span, shape=span.shape[1:])

        def seen(content: np.ndarray) -> None:
            nonlocal crc
            crc = extended(crc, content)

        span.read_into(array, turned, seen)
        if masked(crc) != self.crc:
            raise FormatError(
                f"{self.span.file} is damaged: the checksum of {label} is {masked(crc):#010x}; "
                f"the index says {self.crc:#010x}; fetch the file again"
            )


def read(index: Path) -> dict[str, Entry]:
    """Every tensor that the index names, by name; all of them lie within the files of numbers."""
    table = sstable.read(index)
    if b"" not in table:
        raise FormatError(f"{index} has no header; it is not the index of a checkpoint")
    try:
        shards = _shards(table.pop(b""))
        found = {key.decode("utf-8"): _Fields.of(value) for key, value in table.items()}
    except (Malformed, UnicodeDecodeError) as wrong:
        raise FormatError(f"{index} is not a checkpoint that can be read: {wrong}") from None
    if shards > max(1, len(found)):
        raise FormatError(f"{index} says that {len(found)} tensors are in {shards} files")
    sizes = {_data(index, shard, shards): 0 for shard in range(shards)}
    for file in sizes:
        if not file.is_file():
            raise FormatError(f"{index} needs {file.name} beside it, which is not there")
        sizes[file] = file.stat().st_size
    entries = {name: one.entry(index, name, shards, sizes) for name, one in found.items()}
    _refuse_overlaps(entries)
    return entries


def _data(index: Path, shard: int, shards: int) -> Path:
    return index.with_suffix(f".data-{shard:05d}-of-{shards:05d}")


def _shards(header: bytes) -> int:
    told = dict(fields(header))
    shards, byte_order = told.get(1, 0), told.get(2, 0)
    if byte_order != 0:
        raise Malformed("its numbers are big-endian; only little-endian ones are read")
    if not isinstance(shards, int) or not 1 <= shards <= 99_999:
        raise Malformed(f"it must have 1 file of numbers or more; it says {shards!r:.40}")
    return shards


@dataclass
class _Fields:
    """What the index says of a tensor, before anybody believes it."""

    dtype: int = 0
    shape: tuple[int, ...] = ()
    shard: int = 0
    offset: int = 0
    size: int = 0
    crc: int = 0
    parts: bool = False

    @classmethod
    def of(cls, content: bytes) -> "_Fields":
        found = cls()
        names = {1: "dtype", 3: "shard", 4: "offset", 5: "size", 6: "crc"}
        for number, value in fields(content):
            if number == 2 and isinstance(value, bytes):
                found.shape = _shape(value)
            elif number == 7:
                found.parts = True
            elif number in names and isinstance(value, int):
                setattr(found, names[number], value)
            else:
                raise Malformed(f"field {number} of a tensor is not one that it knows")
        return found

    def entry(self, index: Path, name: str, shards: int, sizes: dict[Path, int]) -> Entry:
        what = f"{index}: the tensor {name!r:.100}"
        if self.dtype != FLOAT32:
            given = _DTYPES.get(self.dtype, f"number {self.dtype}")
            raise FormatError(f"{what} must be float32 (dtype 1); got {given}")
        if self.parts:
            raise FormatError(f"{what} is kept in slices, which are not read here")
        if self.shard >= shards:
            raise FormatError(f"{what} is said to be in file {self.shard} of {shards}")
        if self.size != 4 * prod(self.shape):
            raise FormatError(
                f"{what} of shape {self.shape} needs {4 * prod(self.shape):,} bytes; the index "
                f"says {self.size:,}"
            )
        file = _data(index, self.shard, shards)
        if self.offset + self.size > sizes[file]:
            raise FormatError(
                f"{file} must have at least {self.offset + self.size:,} bytes to hold {name!r:.100}"
                f"; it has {sizes[file]:,}; fetch it again"
            )
        return Entry(TensorSlice(file, self.offset, self.shape, "float32"), self.crc)


def _shape(content: bytes) -> tuple[int, ...]:
    sizes = []
    for number, value in fields(content):
        if number == 2 and isinstance(value, bytes):
            size = dict(fields(value)).get(1, 0)
            if not isinstance(size, int) or size >= 2**63:
                raise Malformed("a tensor has a negative size")
            sizes.append(size)
        else:
            raise Malformed("a tensor's shape is not known")
    if len(sizes) > 8:
        raise Malformed(f"a tensor has {len(sizes)} axes")
    return tuple(sizes)


def _refuse_overlaps(entries: dict[str, Entry]) -> None:
    """Two tensors in one place would be a model larger than its file."""
    spans = sorted((e.span.file, e.span.offset, e.span.size, name) for name, e in entries.items())
    for (file, offset, size, name), (next_file, next_offset, _, other) in pairwise(spans):
        if file == next_file and next_offset < offset + size:
            raise FormatError(f"{file} holds {name!r:.100} and {other!r:.100} in the same place")
