"""Arrays from an .npz file, each checked before memory is asked for; nothing is unpickled."""

import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from microgpt.errors import FormatError

# What zipfile and NumPy raise for files that are not what they should be.
_WRONG = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError),
    *(NotImplementedError, SyntaxError, TypeError, KeyError, IndexError, OverflowError),
)


class Archive(Mapping[str, np.ndarray]):
    """The arrays of an .npz file by name, read when they are asked for."""

    def __init__(self, path: str | Path):
        self.file = Path(path)
        if not self.file.is_file():
            raise FormatError(f"there is no .npz file at {self.file}; np.savez writes one")
        try:
            with zipfile.ZipFile(self.file) as opened:
                members = [name for name in opened.namelist() if name.endswith(".npy")]
        except _WRONG as error:
            raise FormatError(f"{self.file} is not an .npz file: {error}") from None
        self._members = {name.removesuffix(".npy"): name for name in members}

    def __contains__(self, name: object) -> bool:
        return name in self._members  # Mapping's own would unpack the array

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, name: str) -> np.ndarray:
        with self._opened(name) as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array, from its header alone."""
        with self._opened(name) as stream:
            return _header(stream)[0]

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        """A member's bytes, whose header must need as many as there are."""
        member = self._members[name]
        try:
            with zipfile.ZipFile(self.file) as opened:
                self._check_size(opened, member)
                with opened.open(member) as stream:
                    yield stream
        except _WRONG as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"{self.file}: the array {name!r} cannot be read: {error}") from None

    def _check_size(self, opened: zipfile.ZipFile, member: str) -> None:
        info = opened.getinfo(member)
        packed, found = info.compress_size, info.file_size
        most = {zipfile.ZIP_STORED: packed, zipfile.ZIP_DEFLATED: 1032 * packed}
        if packed > self.file.stat().st_size or found > most.get(info.compress_type, 0):
            raise FormatError(
                f"{self.file}: {member} cannot unpack {packed:,} bytes into {found:,}; write it "
                "with np.savez or np.savez_compressed"
            )
        with opened.open(member) as stream:
            shape, expected = _header(stream)
        if expected != found or any(size < 0 for size in shape):
            raise FormatError(
                f"{self.file}: {member} must have {expected:,} bytes for its shape {shape}; found "
                f"{found:,}"
            )


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], int]:
    """The shape of an array and how many bytes it takes with its header."""
    if np.lib.format.read_magic(stream) == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    return shape, stream.tell() + math.prod(shape) * dtype.itemsize
