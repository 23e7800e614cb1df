"""Writing a token shard piece by piece, so that it may be larger than memory."""

from collections.abc import Iterable, Iterator
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from microgpt._io.atomic_write import atomic_write
from microgpt.config.checks import whole
from microgpt.data.shard_header import MAX_SHARD_TOKENS, pack_header
from microgpt.errors import SettingError, TokenError

PIECE = 2**20  # tokens written at once


def write_shard(path: str | Path, tokens: Iterable[Any], vocab_size: int = 2**16) -> int:
    """Write token ids as llm.c's shard, which `open_shard` reads; returns how many.

    `tokens` is one row of whole numbers, or an iterable of such rows, taken one after the other:
    all of them need not fit into memory. An id that is negative, beyond `vocab_size` or above
    65,535 is a `TokenError`. The file is there only once it is whole; a full disk is `NotWritable`.
    """
    whole("vocab_size", vocab_size, 1)
    target, count, most = Path(path).expanduser(), 0, min(vocab_size, 2**16)
    with atomic_write(target) as stream:
        stream.write(pack_header(0))
        for row in _rows(tokens):
            for start in range(0, len(row), PIECE):
                piece = row[start : start + PIECE]
                _check(piece, most, count)
                count += len(piece)
                if count > MAX_SHARD_TOKENS:
                    raise SettingError(
                        f"{target}: a shard holds at most {MAX_SHARD_TOKENS:,} tokens; write several shards"
                    )
                stream.write(np.ascontiguousarray(piece, "<u2").data)
        if not count:
            raise SettingError(f"there are no tokens to write to {target}")
        stream.seek(0)
        stream.write(pack_header(count))
    return count


def _rows(tokens: Iterable[Any]) -> Iterator[Any]:
    """The rows of an iterable of rows; a row of numbers is itself the only one."""
    numbers = isinstance(tokens, list | tuple) and tokens and isinstance(tokens[0], Integral)
    if numbers or hasattr(tokens, "dtype"):  # an array, a map, Shards
        tokens = (tokens,)
    if not isinstance(tokens, Iterable) or isinstance(tokens, str | bytes):
        raise SettingError(f"tokens must be rows of whole numbers; got {tokens!r:.80}")
    for row in tokens:
        if hasattr(row, "dtype") and not isinstance(row, np.ndarray):
            yield row  # Shards: cut into pieces before it becomes an array
            continue
        try:
            array = np.asarray(row)
        except ValueError as error:
            raise SettingError(f"a piece of tokens is not one row of numbers: {error}") from None
        if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
            raise SettingError(
                f"each piece of tokens must be one row of whole numbers; got {array.ndim} "
                f"dimensions of type {array.dtype}"
            )
        yield array


def _check(ids: np.ndarray, vocab_size: int, place: int) -> None:
    if ids.size and not 0 <= ids.min() <= ids.max() < vocab_size:
        wrong = int(np.flatnonzero((ids < 0) | (ids >= vocab_size))[0])
        raise TokenError(
            f"token {place + wrong:,} is {ids[wrong]:,}; with uint16 and a vocabulary of "
            f"{vocab_size:,} ids go from 0 to {vocab_size - 1:,}"
        )
