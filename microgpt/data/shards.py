"""Token shards: files of token ids, read from disk on demand; `token_layout` knows the formats."""

import glob
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from microgpt.config.checks import check_choice, check_integer
from microgpt.data.mmap_utils import backing_mmap, release_pages
from microgpt.data.token_layout import FORMATS, read_layout
from microgpt.errors import Described, FormatError, SettingError
from microgpt.plain_text import pluralize

CHUNK_BYTES = 2**18  # read at once when ids are checked
MAX_OPEN_SHARDS = 64


def open_shard(
    path: str | Path, vocab_size: int | None = None, format: str | None = None
) -> np.memmap:
    """Memory-map the tokens of a file: a shard of llm.c, bare tokens, or an array of NumPy.

    `format` None detects the format from the content; "shard" has llm.c's header, "raw" are int32
    tokens without one, "uint16" such tokens of nanoGPT, and "npy" is NumPy's format. With
    `vocab_size`, all ids are checked now; without, only the header is. Raises a FormatError that
    names the file if anything is wrong.
    """
    check_choice("format", format, FORMATS)
    if vocab_size is not None:
        check_integer("vocab_size", vocab_size, 1)
    path = Path(path).expanduser()
    try:
        if not path.is_file():
            problem = "is not a file" if path.exists() else "does not exist"
            raise FormatError(f"the token shard {path} {problem}; `microgpt tokenize` writes one")
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            offset, dtype = read_layout(path, stream, size, format)
            if vocab_size is not None:
                _check_all_ids(path, stream, offset, dtype, vocab_size)
            shape = ((size - offset) // dtype.itemsize,)
            return np.memmap(stream, dtype, "r", offset=offset, shape=shape)
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror or error})") from None


def first_out_of_range(ids: np.ndarray, vocab_size: int) -> int | None:
    """Return the index of the first id outside 0 … vocab_size − 1, or None."""
    if not ids.size or 0 <= ids.min() <= ids.max() < vocab_size:
        return None
    return int(np.flatnonzero((ids < 0) | (ids >= vocab_size))[0])


def _check_all_ids(
    path: Path, stream: BinaryIO, offset: int, dtype: np.dtype[Any], vocab_size: int
) -> None:
    """Check ids in chunks read from the file: pages of a map would count as memory in use."""
    stream.seek(offset)
    position = 0
    while chunk := stream.read(CHUNK_BYTES):
        chunk = chunk[: len(chunk) - len(chunk) % dtype.itemsize]
        _check_ids(path, np.frombuffer(chunk, dtype), vocab_size, position)
        position += len(chunk) // dtype.itemsize


def _check_ids(path: Path, ids: np.ndarray, vocab_size: int, position: int) -> None:
    index = first_out_of_range(ids, vocab_size)
    if index is not None:
        raise FormatError(
            f"{path}: token {position + index:,} is {ids[index]:,}, but the vocabulary has "
            f"{vocab_size:,} tokens; the shard was written with another tokenizer, or is damaged"
        )


class Shards:
    """Several shards as one long sequence that stays on disk: `len`, `[index]`, `[start:stop]`.

    `paths` is one file, a glob pattern such as "train_*.bin" (files sorted by name), or a list of
    files. Headers and sizes are checked now; with `vocab_size`, ids are checked whenever they are
    read. A slice is a new int32 array and may span several files.
    """

    dtype = np.dtype(np.int32)

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        vocab_size: int | None = None,
        format: str | None = None,
    ):
        if vocab_size is not None:
            check_integer("vocab_size", vocab_size, 1)
        self.files = files = _expand_paths(paths)
        self.vocab_size = vocab_size
        lengths = [len(open_shard(file, format=format)) for file in files]
        self._starts = [0, *np.cumsum(lengths, dtype=np.int64).tolist()]

        def open_again(shard: int) -> np.ndarray:
            tokens = open_shard(files[shard], format=format)
            if len(tokens) != lengths[shard]:
                raise FormatError(
                    f"{files[shard]} had {lengths[shard]:,} tokens when it was opened and has "
                    f"{len(tokens):,} now; open the shards again"
                )
            return tokens.view(np.ndarray)

        # Each memory map keeps a file open, and a process may open only about a thousand.
        self._open = lru_cache(MAX_OPEN_SHARDS)(open_again)

    def __len__(self) -> int:
        return self._starts[-1]

    def __repr__(self) -> str:
        first, count = self.files[0].name, len(self.files)
        return f"Shards({len(self):,} tokens in {pluralize(count, 'file')}, {first!r} first)"

    def __iter__(self) -> Iterator[int]:
        for start in range(0, len(self), CHUNK_BYTES):
            yield from self._read(start, min(start + CHUNK_BYTES, len(self))).tolist()

    def __getitem__(self, index: int | slice) -> "int | np.ndarray":
        if not isinstance(index, slice):
            position = range(len(self))[index]  # raises IndexError, and TypeError, as lists do
            return int(self._read(position, position + 1)[0])
        start, stop, step = index.indices(len(self))
        if step != 1:
            raise SettingError("the step of a slice of shards", "1", step, "slice an array of it")
        return self._read(start, max(start, stop))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._read(0, len(self)).astype(dtype or np.int32, copy=False)

    def _read(self, start: int, stop: int) -> np.ndarray:
        """Return the tokens from `start` up to `stop`, from one file or several."""
        tokens = np.empty(stop - start, np.int32)
        position = start
        while position < stop:
            shard = bisect_right(self._starts, position) - 1
            first, end = self._starts[shard], min(stop, self._starts[shard + 1])
            ids = self._open(shard)[position - first : end - first]
            if self.vocab_size is not None:
                _check_ids(self.files[shard], ids, self.vocab_size, position - first)
            elif ids.dtype != np.uint16:  # wider ones may not fit
                _check_ids(self.files[shard], ids, 2**31, position - first)
            tokens[position - start : end - start] = ids
            release_pages(backing_mmap(ids))
            position = end
        return tokens


def _expand_paths(paths: str | Path | Iterable[str | Path]) -> tuple[Path, ...]:
    if not isinstance(paths, str | Path):
        files = tuple(Path(path).expanduser() for path in paths)
        if not files:
            raise SettingError("paths", "at least one file", [])
        return files
    path = Path(paths).expanduser()
    if path.is_dir():
        raise SettingError(
            "paths",
            "the files of a folder",
            Described(str(path)),
            f"name them, as in '{path / '*.bin'}'",
        )
    if path.exists() or not glob.has_magic(str(path)):
        return (path,)
    files = tuple(Path(name) for name in sorted(glob.glob(str(path))))
    if not files:
        raise FormatError(f"no file is named like {str(path)!r}; `microgpt tokenize` writes shards")
    return files
