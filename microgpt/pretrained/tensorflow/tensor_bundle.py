"""Read TensorFlow's checkpoint format: an index of tensors, and one or several data files."""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np

from microgpt.errors import FormatError
from microgpt.pretrained.tensor_slice import TensorSlice
from microgpt.pretrained.tensorflow.crc32c import extend_crc, mask_crc
from microgpt.pretrained.tensorflow.protobuf import DecodeError, iter_fields
from microgpt.pretrained.tensorflow.sstable import read_sstable

# TensorFlow's DataType; only float32 is read.
FLOAT32 = 1
_OTHER_DTYPES = {2: "float64", 3: "int32", 4: "uint8", 7: "string", 9: "int64", 10: "bool"}
_OTHER_DTYPES |= {14: "bfloat16", 19: "float16"}


@dataclass(frozen=True)
class BundleEntry:
    """A tensor's position in its data file, and the masked CRC-32C of its bytes."""

    tensor: TensorSlice
    masked_crc: int

    def read_into(self, array: np.ndarray, transpose: bool, label: str) -> None:
        """Fill a float32 array with the tensor, then verify its checksum.

        With `transpose`, the tensor has shape (1, in, out), and the array (out, in).
        """
        crc, tensor = 0, self.tensor
        if transpose:
            tensor = replace(tensor, shape=tensor.shape[1:])

        def update_crc(content: np.ndarray) -> None:
            nonlocal crc
            crc = extend_crc(crc, content)

        tensor.read_into(array, transpose, update_crc)
        if mask_crc(crc) != self.masked_crc:
            raise FormatError(
                f"{tensor.file} is damaged: the checksum of {label} is {mask_crc(crc):#010x}; "
                f"the index says {self.masked_crc:#010x}; fetch the file again"
            )


def read_bundle(index: Path) -> dict[str, BundleEntry]:
    """Return every tensor in the index by name; each is checked to lie within its data file."""
    table = read_sstable(index)
    if b"" not in table:
        raise FormatError(f"{index} has no header; it is not the index of a checkpoint")
    try:
        num_shards = _parse_header(table.pop(b""))
        protos = {key.decode("utf-8"): _EntryProto.parse(value) for key, value in table.items()}
    except (DecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{index} is not a checkpoint that can be read: {error}") from None
    if num_shards > max(1, len(protos)):
        raise FormatError(f"{index} says that {len(protos)} tensors are in {num_shards} files")
    sizes = {_data_file(index, shard, num_shards): 0 for shard in range(num_shards)}
    for file in sizes:
        if not file.is_file():
            raise FormatError(f"{index} needs {file.name} beside it, which is not there")
        sizes[file] = file.stat().st_size
    entries = {name: proto.check(index, name, num_shards, sizes) for name, proto in protos.items()}
    _check_no_overlaps(entries)
    return entries


def _data_file(index: Path, shard: int, num_shards: int) -> Path:
    return index.with_suffix(f".data-{shard:05d}-of-{num_shards:05d}")


def _parse_header(content: bytes) -> int:
    """Return the number of data files in a BundleHeaderProto."""
    fields = dict(iter_fields(content))
    num_shards, byte_order = fields.get(1, 0), fields.get(2, 0)
    if byte_order != 0:
        raise DecodeError("its numbers are big-endian; only little-endian ones are read")
    if not isinstance(num_shards, int) or not 1 <= num_shards <= 99_999:
        raise DecodeError(f"it must have 1 data file or more; it says {num_shards!r:.40}")
    return num_shards


@dataclass
class _EntryProto:
    """A BundleEntryProto: the index's entry for one tensor, not yet checked."""

    dtype: int = 0
    shape: tuple[int, ...] = ()
    shard: int = 0
    offset: int = 0
    size: int = 0
    masked_crc: int = 0
    is_sliced: bool = False

    @classmethod
    def parse(cls, content: bytes) -> "_EntryProto":
        proto = cls()
        names = {1: "dtype", 3: "shard", 4: "offset", 5: "size", 6: "masked_crc"}
        for number, value in iter_fields(content):
            if number == 2 and isinstance(value, bytes):
                proto.shape = _parse_shape(value)
            elif number == 7:
                proto.is_sliced = True
            elif number in names and isinstance(value, int):
                setattr(proto, names[number], value)
            else:
                raise DecodeError(f"field {number} of a tensor is unknown")
        return proto

    def check(self, index: Path, name: str, num_shards: int, sizes: dict[Path, int]) -> BundleEntry:
        """Return the entry; raise FormatError unless it is float32, unsliced and in its file."""
        label = f"{index}: the tensor {name!r:.100}"
        if self.dtype != FLOAT32:
            dtype = _OTHER_DTYPES.get(self.dtype, f"number {self.dtype}")
            raise FormatError(f"{label} must be float32 (dtype 1); got {dtype}")
        if self.is_sliced:
            raise FormatError(f"{label} is kept in slices, which are not read here")
        if self.shard >= num_shards:
            raise FormatError(f"{label} is said to be in file {self.shard} of {num_shards}")
        if self.size != 4 * prod(self.shape):
            raise FormatError(
                f"{label} of shape {self.shape} needs {4 * prod(self.shape):,} bytes; the index "
                f"says {self.size:,}"
            )
        file, end = _data_file(index, self.shard, num_shards), self.offset + self.size
        if end > sizes[file]:
            raise FormatError(
                f"{file} must have at least {end:,} bytes to hold {name!r:.100}; it has "
                f"{sizes[file]:,}; fetch it again"
            )
        return BundleEntry(TensorSlice(file, self.offset, self.shape, "float32"), self.masked_crc)


def _parse_shape(content: bytes) -> tuple[int, ...]:
    """Return the shape in a TensorShapeProto."""
    shape = []
    for number, value in iter_fields(content):
        if number == 2 and isinstance(value, bytes):
            size = dict(iter_fields(value)).get(1, 0)
            if not isinstance(size, int) or size >= 2**63:
                raise DecodeError("a tensor has a negative size")
            shape.append(size)
        else:
            raise DecodeError("the shape of a tensor is unknown")
    if len(shape) > 8:
        raise DecodeError(f"a tensor has {len(shape)} axes")
    return tuple(shape)


def _check_no_overlaps(entries: dict[str, BundleEntry]) -> None:
    """Raise FormatError if tensors overlap: the model could be larger than its file."""
    ranges = sorted(
        (entry.tensor.file, entry.tensor.offset, entry.tensor.nbytes, name)
        for name, entry in entries.items()
    )
    for (file, offset, size, name), (next_file, next_offset, _, next_name) in pairwise(ranges):
        if file == next_file and next_offset < offset + size:
            raise FormatError(f"{file} holds {name!r:.100} and {next_name!r:.100} at one offset")
