"""Read the arrays of an .npz file with NumPy, after checking each array's header.

NumPy allocates the memory that a header claims before it reads the data, and if a header claims
less data than the file has, the checksum is not verified. So a header must claim exactly the bytes
that follow it. Nothing is unpickled.
"""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path

import numpy as np

from microgpt.errors import FormatError


class NpzReference(Mapping[str, np.ndarray]):
    """The arrays of an .npz file by name, each read on access."""

    def __init__(self, path: str | Path):
        self.file = Path(path)
        if not self.file.is_file():
            raise FormatError(f"there is no .npz file at {self.file}; np.savez writes one")
        with self._format_errors("the archive"), zipfile.ZipFile(self.file) as archive:
            members = archive.namelist()
        self._names = [name.removesuffix(".npy") for name in members if name.endswith(".npy")]

    def __contains__(self, name: object) -> bool:
        return name in self._names  # Mapping's default would read the array

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, name: str) -> np.ndarray:
        self.shape(name)
        with self._format_errors(name), np.load(self.file, allow_pickle=False) as archive:
            return archive[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return an array's shape, read from its header, which must fit the array's size."""
        with self._format_errors(name), zipfile.ZipFile(self.file) as archive:
            member = archive.getinfo(f"{name}.npy")
            with archive.open(member) as stream:
                is_version_1 = np.lib.format.read_magic(stream) == (1, 0)
                read_header = (
                    np.lib.format.read_array_header_1_0
                    if is_version_1
                    else np.lib.format.read_array_header_2_0
                )
                shape, _, dtype = read_header(stream)
                expected = stream.tell() + prod(shape) * dtype.itemsize
            if expected != member.file_size or any(size < 0 for size in shape):
                raise ValueError(
                    f"it must have {expected:,} bytes for its shape {shape}; found "
                    f"{member.file_size:,}"
                )
            return shape

    @contextmanager
    def _format_errors(self, name: str) -> Iterator[None]:
        """Turn any error that zipfile and NumPy raise for a damaged file into a FormatError."""
        try:
            yield
        except Exception as error:
            message = f"{self.file}: {name!r} cannot be read: {error!s:.200}"
            raise FormatError(message) from None
