"""Validate a tokenizer's merges, byte order and special tokens, which come from untrusted files."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from microgpt.errors import FormatError
from microgpt.tokenizers.bpe_merge import Pair

MAX_MERGES = 2**18
MAX_TOTAL_BYTES = 2**24  # of all tokens together: merges can double the length each time
MAX_SPECIAL_TOKENS = 1000


def check_merges(merges: Any, first_id: int = 0) -> tuple[Pair, ...]:
    """Return the merges as pairs of ids; each must join two existing tokens and be reachable.

    The 256 bytes have the ids from `first_id` on, the merges those after them.
    """
    if not isinstance(merges, Sequence) or isinstance(merges, str | bytes):
        raise FormatError(f"merges must be a list of pairs of token ids; got {merges!r:.80}")
    if len(merges) > MAX_MERGES:
        raise FormatError(f"at most {MAX_MERGES:,} merges are read; got {len(merges):,}")
    merge_ids: dict[Pair, int] = {}
    lengths, total = [1] * 256, 256
    for token, entry in enumerate(merges, 256):
        index, pair = token - 256, _check_pair(entry, token, first_id)
        if pair in merge_ids:
            raise FormatError(f"merge {index} repeats merge {merge_ids[pair] - 256}: {entry!r:.80}")
        merge_ids[pair] = token
        lengths.append(lengths[pair[0]] + lengths[pair[1]])
        total += lengths[token]
        if total > MAX_TOTAL_BYTES:
            raise FormatError(
                f"the tokens may have {MAX_TOTAL_BYTES:,} bytes together; with merge {index} they "
                f"have {total:,}"
            )
    pairs = tuple(merge_ids)
    for index, pair in enumerate(pairs):
        if not is_reachable(pair, merge_ids, pairs):
            raise FormatError(
                f"merge {index} can never happen: an earlier merge takes a part of "
                f"{[token + first_id for token in pair]} away first"
            )
    return tuple((left + first_id, right + first_id) for left, right in pairs)


def _check_pair(entry: Any, token: int, first_id: int) -> Pair:
    """Return a pair of ids, counted from `first_id`, that are below `token`."""
    if isinstance(entry, list | tuple) and len(entry) == 2:
        left, right = entry
        if type(left) is int and type(right) is int:
            left, right = left - first_id, right - first_id
            if 0 <= left < token and 0 <= right < token:
                return left, right
    raise FormatError(
        f"merge {token - 256} must be a pair of token ids from {first_id} to "
        f"{first_id + token - 1}; got {entry!r:.80}"
    )


def is_reachable(pair: Pair, merge_ids: Mapping[Pair, int], pairs: Sequence[Pair]) -> bool:
    """Whether the two tokens of a pair can be adjacent, provided that each can be formed.

    Only if all pairs are reachable do lookups of merges by ids, as in GPT-2's own code, and by
    bytes, as in tiktoken, agree. The check goes backwards in time and splits the two tokens at the
    boundary, the later one first. No merge across the boundary may have applied while both existed.
    """
    left, right = pair
    merged_at = merge_ids[pair]  # the two were adjacent until this token was formed
    while True:
        across = merge_ids.get((left, right))
        if across is not None and across < merged_at:
            return False
        if left > right and left >= 256:
            merged_at, left = left, pairs[left - 256][1]
        elif right >= 256:
            # Merges apply from left to right: a pair across the boundary precedes the same inside.
            merged_at, right = right + 1, pairs[right - 256][0]
        else:
            return True


def check_special_tokens(names: Any) -> tuple[str, ...]:
    """Return the special tokens' names; they must be distinct, non-empty, without surrogates."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise FormatError(f"special tokens must be a list of names; got {names!r:.80}")
    checked = tuple(names)
    if len(checked) > MAX_SPECIAL_TOKENS:
        raise FormatError(
            f"at most {MAX_SPECIAL_TOKENS:,} special tokens are read; got {len(checked):,}"
        )
    for name in checked:
        if not isinstance(name, str) or not name:
            raise FormatError(f"the name of a special token must be a text; got {name!r:.80}")
        if has_surrogates(name):
            raise FormatError(f"the name of a special token holds half of a pair: {name!r:.80}")
    if len(set(checked)) < len(checked):
        raise FormatError(f"special tokens must have different names; got {list(checked)!r:.80}")
    return checked


def check_num_leading_special(count: Any, names: Sequence[str]) -> int:
    """Return how many of the special tokens come before the bytes."""
    if type(count) is not int or not 0 <= count <= len(names):
        raise FormatError(
            f"num_leading_special must be an integer from 0 to {len(names)}, the number of special "
            f"tokens; got {count!r:.80}"
        )
    return count


def check_document_token(role: str, name: Any, names: Sequence[str]) -> str | None:
    """Return the name of a special token that marks a document's start or end, or None."""
    if name is not None and name not in names:
        raise FormatError(f"{role} must be one of the special tokens; got {name!r:.80}")
    return name


def has_surrogates(text: str) -> bool:
    """Whether a text holds surrogates (halves of UTF-16 pairs), which UTF-8 cannot encode."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def check_byte_order(byte_order: Any) -> bytes:
    """Return the bytes of tokens 0 to 255; each must occur once, to encode any text."""
    is_full = isinstance(byte_order, Sequence) and len(byte_order) == 256
    checked = tuple(byte_order) if is_full else ()
    if not all(type(byte) is int for byte in checked) or sorted(checked) != list(range(256)):
        raise FormatError(
            f"byte_order must be a list of the integers 0 to 255, each once; got {byte_order!r:.80}"
        )
    return bytes(checked)


def check_counts(counts: Any, num_merges: int) -> tuple[int, ...] | None:
    """Return how often each merge's pair occurred in training, or None if unknown."""
    if counts is None:
        return None
    if not isinstance(counts, Sequence) or len(counts) != num_merges:
        raise FormatError(f"counts must be a list of {num_merges:,} integers; got {counts!r:.80}")
    if not all(type(count) is int and count > 0 for count in counts):
        raise FormatError(f"counts must be positive integers; got {counts!r:.80}")
    return tuple(counts)
