"""Safetensors: eight bytes of length, a JSON header with every tensor's place, then the numbers.

The library of that name maps the whole file into memory, and knows no bfloat16 without PyTorch;
this reads and checks the header, and leaves the numbers where they are.
"""

from math import prod
from pathlib import Path
from typing import Any

from microgpt.checkpoints.safetensors_header import read_header
from microgpt.errors import FormatError
from microgpt.pretrained.tensor_slice import TensorSlice

LONGEST_HEADER = 8 << 20  # bytes; that of GPT-2's largest has some 100 kB

_SIZES = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2}
_SIZES |= {"BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8}
_NAMES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def spans(file: Path) -> dict[str, TensorSlice]:
    """Where every tensor of the file is, after the whole header has been checked."""
    size = file.stat().st_size
    header, start = read_header(file, LONGEST_HEADER)
    header.pop("__metadata__", None)
    found = {name: _span(file, name, entry, start) for name, entry in header.items()}
    place = start
    in_order = sorted(found.items(), key=lambda pair: (pair[1][0].offset, pair[1][1]))
    for name, (span, end) in in_order:
        if span.offset != place:
            what = "overlaps the one before it" if span.offset < place else "leaves a gap before it"
            raise FormatError(f"{file}: the tensor {name!r:.100} {what}; the file is damaged")
        place = end
    if place != size:
        raise FormatError(
            f"{file} must have {place:,} bytes, as its header says; it has {size:,}; fetch it again"
        )
    return {name: span for name, (span, _) in found.items()}


def metadata(file: Path) -> dict[str, Any]:
    """The notes in the header, if there are any; the file may be one of ours."""
    notes = read_header(file)[0].get("__metadata__")
    return notes if isinstance(notes, dict) else {}


def _span(file: Path, name: str, entry: Any, start: int) -> tuple[TensorSlice, int]:
    """The tensor's span, and where it ends."""
    try:
        dtype, shape = entry["dtype"], entry["shape"]
        first, end = entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise FormatError(
            f"{file}: the tensor {name!r:.100} must have a dtype, a shape and two data_offsets"
        ) from None
    numbers = [*shape, first, end] if isinstance(shape, list) and len(shape) <= 8 else [None]
    if not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
        raise FormatError(
            f"{file}: shape and data_offsets of the tensor {name!r:.100} must be whole numbers, "
            f"0 or above; got {shape!r:.100} and {entry['data_offsets']!r:.100}"
        )
    if not isinstance(dtype, str) or dtype not in _SIZES:
        raise FormatError(
            f"{file}: the tensor {name!r:.100} has dtype {dtype!r:.40}, which is not known; "
            f"known: {', '.join(_SIZES)}"
        )
    needed = prod(shape) * _SIZES[dtype]
    if end - first != needed:
        raise FormatError(
            f"{file}: the tensor {name!r:.100} needs {needed:,} bytes for shape {shape}; "
            f"its data_offsets leave {end - first:,}"
        )
    return TensorSlice(file, start + first, tuple(shape), _NAMES.get(dtype, dtype)), start + end
