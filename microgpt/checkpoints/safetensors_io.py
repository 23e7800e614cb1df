"""Read and write arrays in safetensors files, without a second copy of them in memory.

The safetensors library would memory-map the whole file to read it, and join all arrays into one
bytes object to write them. Here each array is read directly into its own memory and written
directly from it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from microgpt._io.read_exactly import read_exactly
from microgpt.backends.memory import as_host
from microgpt.checkpoints.safetensors_header import (
    DTYPE_CODES,
    MAX_HEADER_BYTES,
    Header,
    read_header,
)
from microgpt.errors import Described, FormatError, SettingError


class SafetensorsFile:
    """An open safetensors file with a checked header: its `metadata`, and its arrays by name."""

    def __init__(self, file: Path, stream: BinaryIO, header: Header):
        self.file, self._stream, self._tensors = file, stream, header.tensors
        self.metadata = header.metadata
        self.shapes = {name: tensor.shape for name, tensor in header.tensors.items()}

    def dtype(self, name: str) -> str:
        """Return an array's dtype, or its safetensors code if we have no name for it."""
        return self._tensors[name].dtype

    def read_into(self, name: str, array: np.ndarray) -> None:
        """Fill `array` with the array of that name; shape and dtype must match the file's."""
        self._check(name, array.shape, str(array.dtype))
        self._stream.seek(self._tensors[name].start)
        read_exactly(self._stream, array, self.file)

    def read(self, name: str, dtype: str) -> np.ndarray:
        """Return the array of that name, which must have this dtype.

        The header check bounds its size by the size of the file.
        """
        self._check(name, self.shapes.get(name, ()), dtype)
        array = np.empty(self.shapes[name], dtype)
        self.read_into(name, array)
        return array

    def _check(self, name: str, shape: tuple[int, ...], dtype: str) -> None:
        if name not in self.shapes:
            raise FormatError(f"{self.file} has no array {name!r}, which it must have")
        if (self.shapes[name], self.dtype(name)) != (shape, dtype):
            raise FormatError(
                f"{self.file}: {name!r} must be {dtype} of shape {shape}; it is "
                f"{self.dtype(name)} of shape {self.shapes[name]}"
            )


@contextmanager
def open_safetensors(file: Path) -> Iterator[SafetensorsFile]:
    """Open a file after checking its header and size: `with open_safetensors(file) as arrays:`."""
    header = read_header(file)
    with open(file, "rb", buffering=0) as stream:
        yield SafetensorsFile(file, stream, header)


def write_safetensors(
    stream: BinaryIO, arrays: dict[str, np.ndarray], metadata: dict[str, str]
) -> None:
    """Write arrays and metadata as safetensors, one array after the other, without joining them."""
    header: dict[str, Any] = {"__metadata__": metadata}
    start = 0
    for name, array in arrays.items():
        end = start + array.nbytes
        code = DTYPE_CODES[str(array.dtype)]
        header[name] = {"dtype": code, "shape": array.shape, "data_offsets": [start, end]}
        start = end
    content = json.dumps(header, separators=(",", ":")).encode()
    content += b" " * (-len(content) % 8)  # aligns the data to eight bytes
    if len(content) > MAX_HEADER_BYTES:
        raise SettingError(
            "the metadata beside the weights",
            f"at most {MAX_HEADER_BYTES:,} bytes, or no reader takes it",
            Described(f"{len(content):,} bytes"),
        )
    stream.write(len(content).to_bytes(8, "little") + content)
    for array in arrays.values():
        if array.size:
            stream.write(np.ascontiguousarray(as_host(array)).reshape(-1).view(np.uint8).data)
