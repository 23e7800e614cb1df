"""What a list of merges, and the names of special tokens, must keep, whoever wrote them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from microgpt.errors import FormatError
from microgpt.tokenizers.bpe_merge import Pair

MOST_MERGES = 2**18
MOST_BYTES = 2**24  # of all tokens together: a list of doublings explodes
MOST_SPECIAL = 1000


def checked_merges(merges: Any) -> tuple[Pair, ...]:
    """The merges as pairs of ids; each joins two tokens that exist, and each can come about."""
    if not isinstance(merges, Sequence) or isinstance(merges, str | bytes):
        raise FormatError(f"merges must be a list of pairs of token ids; got {merges!r:.80}")
    if len(merges) > MOST_MERGES:
        raise FormatError(f"at most {MOST_MERGES:,} merges are read; got {len(merges):,}")
    merge_ids: dict[Pair, int] = {}
    lengths, total = [1] * 256, 256
    for new, entry in enumerate(merges, 256):
        pair = _pair(entry, new)
        if pair in merge_ids:
            raise FormatError(f"merge {new - 256} repeats merge {merge_ids[pair] - 256}: {entry!r:.80}")
        merge_ids[pair] = new
        lengths.append(lengths[pair[0]] + lengths[pair[1]])
        total += lengths[new]
        if total > MOST_BYTES:
            raise FormatError(
                f"the tokens may have {MOST_BYTES:,} bytes together; with merge {new - 256} they "
                f"have {total:,}"
            )
    pairs = tuple(merge_ids)
    for pair in pairs:
        if not comes_about(pair, merge_ids, pairs):
            raise FormatError(
                f"merge {merge_ids[pair] - 256} can never happen: an earlier merge takes a part of "
                f"{list(pair)} away first"
            )
    return pairs


def _pair(entry: Any, new: int) -> Pair:
    if isinstance(entry, list | tuple) and len(entry) == 2:
        left, right = entry
        if type(left) is int and type(right) is int and 0 <= left < new and 0 <= right < new:
            return left, right
    raise FormatError(
        f"merge {new - 256} must be a pair of token ids from 0 to {new - 1}; got {entry!r:.80}"
    )


def comes_about(pair: Pair, merge_ids: Mapping[Pair, int], pairs: Sequence[Pair]) -> bool:
    """Whether the two tokens of a pair ever stand beside each other, given that each is possible.

    Only then does it not matter whether merges are looked up by ids, as in GPT-2's own code, or
    by bytes, as in tiktoken. Backwards in time, the neighbours at the border are taken apart, the
    younger first; no merge across the border may have happened while both were there.
    """
    left, right = pair
    until = merge_ids[pair]  # the two were neighbours until this token was born
    while True:
        across = merge_ids.get((left, right))
        if across is not None and across < until:
            return False
        if left > right and left >= 256:
            until, left = left, pairs[left - 256][1]
        elif right >= 256:
            # Merges go from the left: a pair across the border comes before the same pair inside.
            until, right = right + 1, pairs[right - 256][0]
        else:
            return True


def checked_names(names: Any) -> tuple[str, ...]:
    """The names of special tokens: different ones, not empty, of whole characters."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise FormatError(f"special tokens must be a list of names; got {names!r:.80}")
    kept = tuple(names)
    if len(kept) > MOST_SPECIAL:
        raise FormatError(f"at most {MOST_SPECIAL:,} special tokens are read; got {len(kept):,}")
    for name in kept:
        if not isinstance(name, str) or not name:
            raise FormatError(f"the name of a special token must be a text; got {name!r:.80}")
        if any("\ud800" <= character <= "\udfff" for character in name):
            raise FormatError(f"the name of a special token holds half of a pair: {name!r:.80}")
    if len(set(kept)) < len(kept):
        raise FormatError(f"special tokens must have different names; got {list(kept)!r:.80}")
    return kept


def checked_bytes(order: Any) -> bytes:
    """The bytes of tokens 0 to 255: each of them once, or some text could not be written."""
    kept = tuple(order) if isinstance(order, Sequence) and len(order) == 256 else ()
    if not all(type(byte) is int for byte in kept) or sorted(kept) != list(range(256)):
        raise FormatError(
            f"byte_order must be a list of the numbers 0 to 255, each once; got {order!r:.80}"
        )
    return bytes(kept)


def checked_counts(counts: Any, number: int) -> tuple[int, ...] | None:
    """How often each of the merges was met, or None where nobody knows."""
    if counts is None:
        return None
    if not isinstance(counts, Sequence) or len(counts) != number:
        raise FormatError(f"counts must be a list of {number:,} numbers; got {counts!r:.80}")
    if not all(type(count) is int and count > 0 for count in counts):
        raise FormatError(f"counts must be whole numbers above 0; got {counts!r:.80}")
    return tuple(counts)
