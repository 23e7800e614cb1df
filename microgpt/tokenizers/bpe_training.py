"""`train_bpe`: learn merges from a text, the most frequent pair of adjacent tokens first.

Equal chunks are counted together, and a merge visits only the occurrences of its pair.
"""

import heapq
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from microgpt.errors import Described, FormatError, SettingError, TokenError
from microgpt.tokenizers.bpe import END_OF_TEXT, BPETokenizer
from microgpt.tokenizers.bpe_merge import Pair
from microgpt.tokenizers.pretokenization import (
    GPT2_PATTERN,
    check_text,
    compile_pattern,
    pretokenize,
)
from microgpt.tokenizers.validation import MAX_MERGES, check_special_tokens

GAP = -1  # in place of a token: the end of a chunk, or merged into the token before


class BPEMerge(NamedTuple):
    """One training step: `pair`, which occurs `frequency` times, becomes the new `token`."""

    token: int
    pair: Pair
    frequency: int


def train_bpe(
    text: str | Iterable[str],
    vocab_size: int,
    special_tokens: Iterable[str] = (END_OF_TEXT,),
    pattern: str = GPT2_PATTERN,
    on_merge: Callable[[BPEMerge], object] | None = None,
) -> BPETokenizer:
    """Train a byte-pair tokenizer of `vocab_size` tokens on a text or on several.

    Each step turns the most frequent pair of adjacent tokens into a new token; ties go to the pair
    with the smaller left id, then the smaller right id. Pairs, also overlapping ones, are counted
    inside the chunks of `pattern`. `on_merge` is called with each `BPEMerge`. If the text allows
    fewer tokens than `vocab_size`, raises a SettingError that names the largest possible size.
    """
    compile_pattern(pattern)
    try:
        names = check_special_tokens(special_tokens)
    except FormatError as error:
        expected = "different names in a list"
        raise SettingError("special_tokens", expected, Described(str(error))) from None
    minimum = 256 + len(names)
    if type(vocab_size) is not int or not minimum <= vocab_size <= minimum + MAX_MERGES:
        raise SettingError(
            "vocab_size",
            f"an integer from {minimum} (256 bytes, {len(names)} special tokens) to "
            f"{minimum + MAX_MERGES:,}",
            vocab_size,
        )
    pair_counts = PairCounts(_count_chunks(text, pattern))
    merges: list[BPEMerge] = []
    for token in range(256, vocab_size - len(names)):
        if (best := pair_counts.top_pair()) is None:
            raise SettingError(
                "vocab_size",
                f"at most {token + len(names):,}, all tokens that this text gives before no chunk "
                "has two left to join",
                vocab_size,
                "use more text",
            )
        merges.append(BPEMerge(token, *best))
        pair_counts.apply_merge(merges[-1].pair, token)
        if on_merge is not None:
            on_merge(merges[-1])
    return BPETokenizer(
        [merge.pair for merge in merges],
        names,
        pattern,
        counts=[merge.frequency for merge in merges],
    )


def _count_chunks(text: str | Iterable[str], pattern: str) -> Counter[str]:
    """Return how often each chunk occurs."""
    if not isinstance(text, Iterable):
        raise TokenError(f"the training text must be a str, or several; got {text!r:.80}")
    chunk_counts: Counter[str] = Counter()
    for document in [text] if isinstance(text, str) else text:
        check_text(document)
        chunk_counts.update(pretokenize(document, pattern))
    if not chunk_counts:
        raise TokenError("a vocabulary is trained on at least one character; the text is empty")
    return chunk_counts


class PairCounts:
    """How often each pair of tokens is adjacent, updated after each merge.

    The chunks stand in one row, with a GAP around each. Tokens are linked to their neighbours, so
    that a merge visits the occurrences of its pair alone, and not the rest of their chunks: a text
    without spaces is one long chunk.
    """

    def __init__(self, chunk_counts: Mapping[str, int]):
        self.tokens, self.weights = array("i", [GAP]), array("q", [0])
        for chunk, count in chunk_counts.items():
            tokens = chunk.encode()
            self.tokens.extend((*tokens, GAP))
            self.weights.extend([count] * (len(tokens) + 1))
        self.previous = array("q", range(-1, len(self.tokens) - 1))
        self.next = array("q", range(1, len(self.tokens) + 1))
        self.counts: Counter[Pair] = Counter()
        # Positions of each pair's left token, ascending; some may have been merged since.
        self.positions: defaultdict[Pair, array] = defaultdict(partial(array, "q"))
        for position, pair in enumerate(pairwise(self.tokens)):
            if GAP not in pair:
                self.counts[pair] += self.weights[position]
                self.positions[pair].append(position)
        # A max-heap of counts; stale entries are dropped when they reach the top.
        self._heap = [(-count, pair) for pair, count in self.counts.items()]
        heapq.heapify(self._heap)

    def top_pair(self) -> tuple[Pair, int] | None:
        """Return the most frequent pair and its count, or None if no chunk has two tokens."""
        while self._heap:
            negative_count, pair = self._heap[0]
            if self.counts[pair] == -negative_count:
                return pair, -negative_count
            heapq.heappop(self._heap)
        return None

    def apply_merge(self, pair: Pair, new_token: int) -> None:
        """Replace the pair by `new_token` wherever it occurs, from left to right."""
        tokens, positions = self.tokens, self.positions
        changes: defaultdict[Pair, int] = defaultdict(int)
        for left in positions[pair]:
            right = self.next[left]
            if (tokens[left], tokens[right]) != pair:
                continue
            before, after, weight = self.previous[left], self.next[right], self.weights[left]
            if (outer := tokens[before]) != GAP:
                changes[outer, pair[0]] -= weight
                changes[outer, new_token] += weight
                positions[outer, new_token].append(before)
            if (outer := tokens[after]) != GAP:
                changes[pair[1], outer] -= weight
                changes[new_token, outer] += weight
                positions[new_token, outer].append(left)
            tokens[left], tokens[right] = new_token, GAP
            self.next[left], self.previous[after] = after, left
        changes[pair] = -self.counts[pair]  # none is left, nor one that overlapped another
        for changed, change in changes.items():
            self.counts[changed] += change
            if self.counts[changed]:
                heapq.heappush(self._heap, (-self.counts[changed], changed))
            else:
                del self.counts[changed], positions[changed]
