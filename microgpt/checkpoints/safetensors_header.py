"""Read the header of a safetensors file: eight bytes of length, then JSON with tensor offsets.

All of it is checked before any of it is used: each tensor must have the byte size of its shape and
dtype, and the tensors must fill the rest of the file without gaps or overlaps.
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from microgpt._io.json_io import parse_json
from microgpt.errors import FormatError

MAX_HEADER_BYTES = 32 << 20  # ours also hold a tokenizer, which may take several MB

_ITEM_BYTES = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2}
_ITEM_BYTES |= {"F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8}
_DTYPES = {"F32": "float32", "F64": "float64", "F16": "float16", "BF16": "bfloat16"}
_DTYPES |= {"I32": "int32", "I64": "int64", "U8": "uint8"}
DTYPE_CODES = {dtype: code for code, dtype in _DTYPES.items()}


@dataclass(frozen=True)
class TensorEntry:
    """A tensor's dtype (the safetensors code if we have no name for it), shape and byte range."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """A checked header: tensor entries by name, and metadata strings by name."""

    tensors: dict[str, TensorEntry]
    metadata: dict[str, str]


def read_header(file: Path, max_bytes: int = MAX_HEADER_BYTES) -> Header:
    """Read and check a file's header, which may have at most `max_bytes` bytes."""
    size = file.stat().st_size
    entries, data_start = _read_json(file, size, max_bytes)
    metadata = _metadata(file, entries.pop("__metadata__", {}))
    tensors = {name: _entry(file, name, entry, data_start) for name, entry in entries.items()}
    position = data_start
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if tensor.start != position:
            problem = "overlaps the one" if tensor.start < position else "leaves a gap"
            raise FormatError(f"{file} is damaged: the tensor {name!r:.100} {problem} before it")
        position = tensor.end
    if position != size:
        raise FormatError(
            f"{file} must have {position:,} bytes, as its header says; it has {size:,}; fetch it "
            "again"
        )
    return Header(tensors, metadata)


def read_metadata(file: Path) -> dict[str, str]:
    """Return only the metadata, which tells who wrote the file; the tensors are not checked."""
    entries, _ = _read_json(file, file.stat().st_size, MAX_HEADER_BYTES)
    return _metadata(file, entries.get("__metadata__", {}))


def _read_json(file: Path, size: int, max_bytes: int) -> tuple[dict[str, Any], int]:
    """Return the header's JSON object, and the offset of the data after it."""
    with open(file, "rb", buffering=0) as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or not 2 <= length <= size - 8:
            raise FormatError(
                f"{file} is not a complete safetensors file: its header must fit into {size:,} "
                f"bytes, but its length is given as {length:,}"
            )
        if length > max_bytes:
            raise FormatError(
                f"{file}: its header has {length:,} bytes; at most {max_bytes:,} are read"
            )
        content = stream.read(length)
    return parse_json(content, f"{file}: its header"), 8 + length


def _metadata(file: Path, metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise FormatError(f"{file}: the metadata of its header must be strings by name")
    return metadata


def _entry(file: Path, name: str, entry: Any, data_start: int) -> TensorEntry:
    try:
        code, shape = entry["dtype"], entry["shape"]
        start, end = entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise FormatError(
            f"{file}: the tensor {name!r:.100} must have a dtype, a shape and two data_offsets"
        ) from None
    integers = [*shape, start, end] if isinstance(shape, list) and len(shape) <= 8 else [None]
    if not all(type(value) is int and 0 <= value < 2**63 for value in integers):
        raise FormatError(
            f"{file}: shape and data_offsets of the tensor {name!r:.100} must be integers, 0 or "
            f"above, of at most 8 axes; got {shape!r:.100} and {entry['data_offsets']!r:.100}"
        )
    if not isinstance(code, str) or code not in _ITEM_BYTES:
        raise FormatError(
            f"{file}: the tensor {name!r:.100} has dtype {code!r:.40}, which is not known; "
            f"known: {', '.join(_ITEM_BYTES)}"
        )
    expected = prod(shape) * _ITEM_BYTES[code]
    if end - start != expected:
        raise FormatError(
            f"{file}: the tensor {name!r:.100} needs {expected:,} bytes for shape {shape}; "
            f"its data_offsets leave {end - start:,}"
        )
    return TensorEntry(_DTYPES.get(code, code), tuple(shape), data_start + start, data_start + end)
