"""Write a token shard block by block, so that it may be larger than memory."""

from collections.abc import Iterable, Iterator
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from microgpt._io.atomic_write import atomic_write
from microgpt.config.checks import check_integer
from microgpt.data.shard_header import MAX_SHARD_TOKENS, pack_header
from microgpt.data.shards import first_out_of_range
from microgpt.errors import Described, SettingError, TokenError

BLOCK_TOKENS = 2**20  # tokens written at once


def write_shard(path: str | Path, tokens: Iterable[Any], vocab_size: int = 2**16) -> int:
    """Write token ids as a shard in llm.c's format, for `open_shard`; return how many.

    `tokens` is a one-dimensional array of integers, or an iterable of such arrays, which are
    concatenated and need not fit into memory together. Raises TokenError for an id that is
    negative, not below `vocab_size`, or above 65,535. The file appears once it is complete; a full
    disk raises NotWritable.
    """
    target = Path(path).expanduser()
    count, vocab_size = 0, min(check_integer("vocab_size", vocab_size, 1), 2**16)
    with atomic_write(target) as stream:
        stream.write(pack_header(0))
        for array in _arrays(tokens):
            for start in range(0, len(array), BLOCK_TOKENS):
                block = array[start : start + BLOCK_TOKENS]
                _check_ids(block, vocab_size, count)
                count += len(block)
                if count > MAX_SHARD_TOKENS:
                    raise SettingError(
                        "tokens", f"at most {MAX_SHARD_TOKENS:,} for a shard", f"more in {target}",
                        "write several shards",
                    )  # fmt: skip
                stream.write(np.ascontiguousarray(block, "<u2").data)
        if not count:
            raise SettingError("tokens", "at least one to write", Described(f"none for {target}"))
        stream.seek(0)
        stream.write(pack_header(count))
    return count


def _arrays(tokens: Iterable[Any]) -> Iterator[Any]:
    """Yield the arrays in `tokens`, or `tokens` itself if it is a single array."""
    is_list_of_ids = isinstance(tokens, list | tuple) and tokens and isinstance(tokens[0], Integral)
    if is_list_of_ids or hasattr(tokens, "dtype"):  # an array, a memory map or Shards
        tokens = (tokens,)
    if not isinstance(tokens, Iterable) or isinstance(tokens, str | bytes):
        raise SettingError("tokens", "one-dimensional arrays of integers", tokens)
    for item in tokens:
        if hasattr(item, "dtype") and not isinstance(item, np.ndarray):
            yield item  # Shards: read block by block
            continue
        try:
            array = np.asarray(item)
        except ValueError as error:
            raise SettingError(
                "tokens", "one-dimensional arrays of integers", Described(str(error))
            ) from None
        if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
            raise SettingError(
                "tokens",
                "one-dimensional arrays of integers",
                Described(f"{array.ndim} dimensions of type {array.dtype}"),
            )
        yield array


def _check_ids(ids: np.ndarray, vocab_size: int, offset: int) -> None:
    index = first_out_of_range(ids, vocab_size)
    if index is not None:
        raise TokenError(
            f"token {offset + index:,} is {ids[index]:,}; with uint16 and a vocabulary of "
            f"{vocab_size:,} ids go from 0 to {vocab_size - 1:,}"
        )
