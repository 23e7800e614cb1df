"""Arrays in safetensors files, without a second copy of them in memory.

The library of that name checks a file's header; the numbers are then read straight into the arrays
they are for. It would map the whole file, and would make bytes of everything before writing.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from microgpt.checkpoints.safetensors_header import LONGEST, read_header
from microgpt.errors import FormatError, SettingError

_TYPES = {"F32": "float32", "F64": "float64", "I32": "int32", "I64": "int64", "U8": "uint8"}
_NAMES = {name: short for short, name in _TYPES.items()}


class Opened:
    """A safetensors file that was found whole: its notes, and its arrays by name."""

    def __init__(self, file: Path, stream: BinaryIO, header: dict[str, Any], start: int):
        self.file, self._stream, self._start = file, stream, start
        self.notes: dict[str, str] = header.pop("__metadata__", {})
        self._entries = header
        self.shapes = {name: tuple(entry["shape"]) for name, entry in header.items()}
        for name, entry in header.items():
            first, end = entry["data_offsets"]
            if entry["dtype"] in _TYPES and end - first != self._nbytes(name):
                raise FormatError(f"{file}: the size of {name!r} is not that of its shape")

    def dtype(self, name: str) -> str:
        """The number type of an array; the file's own word for one that is not known here."""
        return _TYPES.get(self._entries[name]["dtype"], self._entries[name]["dtype"])

    def _nbytes(self, name: str) -> int:
        return prod(self.shapes[name]) * np.dtype(self.dtype(name)).itemsize

    def read_into(self, name: str, array: np.ndarray) -> None:
        """Fill an array with the numbers of that name; its shape and type must be the file's."""
        self._require(name, array.shape, str(array.dtype))
        content = array.reshape(-1).view(np.uint8).data if array.size else memoryview(b"")
        self._stream.seek(self._start + self._entries[name]["data_offsets"][0])
        while content:
            count = self._stream.readinto(content)  # type: ignore[attr-defined]
            if not count:
                raise FormatError(f"{self.file} became shorter while it was read; try again")
            content = content[count:]

    def read(self, name: str, dtype: str) -> np.ndarray:
        """The numbers of that name, of that type, as a new array: no larger than the file."""
        self._require(name, self.shapes.get(name, ()), dtype)
        array = np.empty(self.shapes[name], dtype)
        self.read_into(name, array)
        return array

    def _require(self, name: str, shape: tuple[int, ...], dtype: str) -> None:
        if name not in self.shapes:
            raise FormatError(f"{self.file} has no array {name!r}, which it must have")
        if (self.shapes[name], self.dtype(name)) != (shape, dtype):
            raise FormatError(
                f"{self.file}: {name!r} must be {dtype} of shape {shape}; it is "
                f"{self.dtype(name)} of shape {self.shapes[name]}"
            )


@contextmanager
def opened(file: Path) -> Iterator[Opened]:
    """`with opened(file) as arrays:` a safetensors file whose header and size have been checked."""
    from safetensors import SafetensorError, safe_open

    header, start = read_header(file)
    try:
        with safe_open(file, framework="np"):  # refuses places that overlap, or are not there
            pass
    except SafetensorError as error:
        raise FormatError(f"{file} is not a whole safetensors file: {error}") from None
    with open(file, "rb", buffering=0) as stream:
        yield Opened(file, stream, header, start)


def write_tensors(stream: BinaryIO, arrays: dict[str, np.ndarray], notes: dict[str, str]) -> None:
    """Write arrays and notes as safetensors, one array after the other as they lie in memory."""
    header: dict[str, Any] = {"__metadata__": notes}
    place = 0
    for name, array in arrays.items():
        end = place + array.nbytes
        short = _NAMES[str(array.dtype)]
        header[name] = {"dtype": short, "shape": array.shape, "data_offsets": [place, end]}
        place = end
    content = json.dumps(header, separators=(",", ":")).encode()
    content += b" " * (-len(content) % 8)  # so that the numbers begin at a multiple of eight
    if len(content) > LONGEST:
        raise SettingError(
            f"the notes beside the weights may have {LONGEST:,} bytes; these have "
            f"{len(content):,}, and could not be read again: write less"
        )
    stream.write(len(content).to_bytes(8, "little") + content)
    for array in arrays.values():
        if array.size:
            stream.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
