"""Token shards: llm.c's files of token ids, read from disk where they are needed.

A shard is a header of 256 int32 (20240520, version 1, the number of tokens, zeros), then one uint16
for each token, little-endian. Until April 2024 llm.c wrote bare int32 tokens with no header. Such a
file is known by its content: it does not begin with 20240520, its size is a multiple of 4, and its
first 65,536 numbers all lie between 0 and 65,535, which text, weights and other headers do not.
"""

import glob
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from microgpt.config.checks import known, whole
from microgpt.data.mmap_utils import release_pages, backing_mmap
from microgpt.data.shard_header import HEADER_BYTES, header_error
from microgpt.errors import FormatError, SettingError

CHUNK_BYTES = 2**18  # bytes read at once when ids are checked
SNIFFED_TOKENS = 2**16  # numbers looked at to know a file without a header
MAX_OPEN_SHARDS = 64  # shards that are held open at once


def open_shard(
    path: str | Path, vocab_size: int | None = None, format: str | None = None
) -> np.memmap:
    """The tokens of a shard, mapped into memory: uint16, or int32 if it has no header.

    `format` None knows both by content; "raw" takes the file as int32 without a header, "shard" as
    one with it. With `vocab_size`, all ids are read now, in pieces, and one beyond it is refused;
    without, nothing but the header is read. What is wrong is a `FormatError` that names the file.
    """
    known("format", format, (None, "raw", "shard"))
    if vocab_size is not None:
        whole("vocab_size", vocab_size, 1)
    path = Path(path).expanduser()
    try:
        if not path.is_file():
            what = "is not a file" if path.exists() else "does not exist"
            raise FormatError(f"the token shard {path} {what}; `microgpt tokenize` writes one")
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            start, dtype = _layout(path, stream, size, format)
            if vocab_size is not None:
                _check_ids(path, stream, start, dtype, vocab_size)
            shape = ((size - start) // dtype.itemsize,)
            return np.memmap(stream, dtype, "r", offset=start, shape=shape)
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror or error})") from None


def _layout(
    path: Path, stream: BinaryIO, size: int, format: str | None
) -> tuple[int, np.dtype[Any]]:
    """Where the tokens begin and what they are, once the file's size agrees."""
    if not size:
        raise FormatError(f"{path} is empty; `microgpt tokenize` writes token shards")
    header = stream.read(HEADER_BYTES)
    if format == "raw" and size % 4:
        raise FormatError(f"{path} has {size:,} bytes; raw int32 tokens fill a multiple of 4")
    if format == "raw" or (format is None and _looks_raw(stream, size)):
        return 0, np.dtype("<i4")
    problem = header_error(header, size)
    if problem:
        raise FormatError(f"{path} {problem}")
    return HEADER_BYTES, np.dtype("<u2")


def _looks_raw(stream: BinaryIO, size: int) -> bool:
    """Whether a file holds int32 token ids from its first byte on; a magic number is none."""
    if size % 4:
        return False
    stream.seek(0)
    beginning = stream.read(4 * SNIFFED_TOKENS)
    ids = np.frombuffer(beginning, "<i4", count=len(beginning) // 4)
    return bool(ids.size and 0 <= ids.min() <= ids.max() < 2**16)


def _check_ids(
    path: Path, stream: BinaryIO, start: int, dtype: np.dtype[Any], vocab_size: int
) -> None:
    """All ids, read in pieces; read through the map, they would count as memory in use."""
    stream.seek(start)
    place = 0
    while piece := stream.read(CHUNK_BYTES):
        piece = piece[: len(piece) - len(piece) % dtype.itemsize]
        _check(path, np.frombuffer(piece, dtype), vocab_size, place)
        place += len(piece) // dtype.itemsize


def _check(path: Path, ids: np.ndarray, vocab_size: int, place: int) -> None:
    if ids.size and not 0 <= ids.min() <= ids.max() < vocab_size:
        wrong = int(np.flatnonzero((ids < 0) | (ids >= vocab_size))[0])
        raise FormatError(
            f"{path}: token {place + wrong:,} is {ids[wrong]:,}, but the vocabulary has "
            f"{vocab_size:,} tokens; the shard was written with another tokenizer, or is damaged"
        )


class Shards:
    """Several shards as one long sequence that stays on disk: `len`, `[place]`, `[from:to]`.

    `paths` is one file, a pattern such as "train_*.bin" (files in the order of their names), or a
    list of files. Headers and sizes are checked now; with `vocab_size`, ids whenever they are read.
    A slice is an int32 array of its own and may cross from one file into the next.
    """

    dtype = np.dtype(np.int32)

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        vocab_size: int | None = None,
        format: str | None = None,
    ):
        if vocab_size is not None:
            whole("vocab_size", vocab_size, 1)
        self.files = files = _files(paths)
        self.vocab_size = vocab_size
        lengths = [len(open_shard(file, format=format)) for file in files]
        self._edges = [0, *np.cumsum(lengths, dtype=np.int64).tolist()]

        def mapped(number: int) -> np.ndarray:
            tokens = open_shard(files[number], format=format)
            if len(tokens) != lengths[number]:
                raise FormatError(
                    f"{files[number]} had {lengths[number]:,} tokens when it was opened and has "
                    f"{len(tokens):,} now; open the shards again"
                )
            return tokens.view(np.ndarray)

        # Each map keeps a file open, and a process may have about a thousand.
        self._mapped = lru_cache(MAX_OPEN_SHARDS)(mapped)

    def __len__(self) -> int:
        return self._edges[-1]

    def __repr__(self) -> str:
        first, count = self.files[0].name, len(self.files)
        return f"Shards({len(self):,} tokens in {count} file{'s' * (count > 1)}, {first!r} first)"

    def __iter__(self) -> Iterator[int]:
        for start in range(0, len(self), CHUNK_BYTES):
            yield from self._read(start, min(start + CHUNK_BYTES, len(self))).tolist()

    def __getitem__(self, place: int | slice) -> "int | np.ndarray":
        if not isinstance(place, slice):
            wanted = range(len(self))[place]  # raises IndexError, and TypeError, as lists do
            return int(self._read(wanted, wanted + 1)[0])
        start, stop, step = place.indices(len(self))
        if step != 1:
            raise SettingError(f"shards are cut in steps of 1; got {step}; cut the slice again")
        return self._read(start, max(start, stop))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._read(0, len(self)).astype(dtype or np.int32, copy=False)

    def _read(self, start: int, stop: int) -> np.ndarray:
        """The tokens from `start` up to `stop`, from as many files as that takes."""
        tokens = np.empty(stop - start, np.int32)
        at = start
        while at < stop:
            number = bisect_right(self._edges, at) - 1
            first, end = self._edges[number], min(stop, self._edges[number + 1])
            ids = self._mapped(number)[at - first : end - first]
            if self.vocab_size is not None:
                _check(self.files[number], ids, self.vocab_size, at - first)
            tokens[at - start : end - start] = ids
            release_pages(backing_mmap(ids))
            at = end
        return tokens


def _files(paths: str | Path | Iterable[str | Path]) -> tuple[Path, ...]:
    if not isinstance(paths, str | Path):
        files = tuple(Path(path).expanduser() for path in paths)
        if not files:
            raise SettingError("shards need at least one file; got an empty list")
        return files
    one = Path(paths).expanduser()
    if one.is_dir():
        raise SettingError(f"{one} is a folder; name its files, as in '{one / '*.bin'}'")
    if one.exists() or not glob.has_magic(str(one)):
        return (one,)
    files = tuple(Path(name) for name in sorted(glob.glob(str(one))))
    if not files:
        raise FormatError(f"no file is named like {str(one)!r}; `microgpt tokenize` writes shards")
    return files
