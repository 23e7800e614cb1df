"""`train_bpe`: learn merges from a text, the most frequent pair of neighbours first.

What it does not do: look at a word twice. Equal words are counted together, and a merge visits
only the words that its pair stands in.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from microgpt.errors import FormatError, SettingError, TokenError
from microgpt.tokenizers.bpe import END_OF_TEXT, BPETokenizer
from microgpt.tokenizers.bpe_merge import Pair, merge
from microgpt.tokenizers.pretokenization import GPT2_PATTERN, pretokenize, compile_pattern, check_text
from microgpt.tokenizers.validation import MOST_MERGES, checked_names


class BPEMerge(NamedTuple):
    """A step of the training: `pair`, met so many `times`, becomes the new `token`."""

    token: int
    pair: Pair
    times: int


def train_bpe(
    text: str | Iterable[str],
    vocab_size: int,
    special_tokens: Iterable[str] = (END_OF_TEXT,),
    pattern: str = GPT2_PATTERN,
    on_merge: Callable[[BPEMerge], object] | None = None,
) -> BPETokenizer:
    """A tokenizer of `vocab_size` tokens learned from a text, or from several.

    Again and again, the most frequent pair of neighbours becomes a token; of pairs equally
    frequent, the one whose left token is older (has the smaller id), then whose right one is.
    Pairs are counted inside the chunks of `pattern`, overlapping ones too. `on_merge` is called
    with each `BPEMerge`. A vocabulary larger than the text gives is a SettingError that says how
    large it can be.
    """
    compile_pattern(pattern)
    try:
        names = checked_names(special_tokens)
    except FormatError as error:
        raise SettingError(str(error)) from None
    least = 256 + len(names)
    if type(vocab_size) is not int or not least <= vocab_size <= least + MOST_MERGES:
        raise SettingError(
            f"vocab_size must be a whole number from {least} (256 bytes, {len(names)} special "
            f"tokens) to {least + MOST_MERGES:,}; got {vocab_size!r:.80}"
        )
    neighbours = Neighbours(_counted(text, pattern))
    merges: list[BPEMerge] = []
    for token in range(256, vocab_size - len(names)):
        if (best := neighbours.most_frequent()) is None:
            raise SettingError(
                f"this text gives a vocabulary of at most {token + len(names):,} tokens, then no "
                f"chunk has two left to join; got vocab_size={vocab_size:,}: use a smaller one, "
                "or more text"
            )
        merges.append(BPEMerge(token, *best))
        neighbours.join(merges[-1].pair, token)
        if on_merge is not None:
            on_merge(merges[-1])
    return BPETokenizer(
        [merge.pair for merge in merges],
        names,
        pattern,
        counts=[merge.times for merge in merges],
    )


def _counted(text: str | Iterable[str], pattern: str) -> Counter[str]:
    """How often each chunk occurs."""
    if not isinstance(text, Iterable):
        raise TokenError(f"what is learned from must be a text, or several; got {text!r:.80}")
    counted: Counter[str] = Counter()
    for one in [text] if isinstance(text, str) else text:
        check_text(one)
        counted.update(pretokenize(one, pattern))
    if not counted:
        raise TokenError("a vocabulary is learned from at least one character; the text is empty")
    return counted


class Neighbours:
    """How often each pair of tokens stands side by side, kept up to date from merge to merge."""

    def __init__(self, words: Mapping[str, int]):
        self.words = [list(word.encode()) for word in words]
        self.times = list(words.values())
        self.counts: Counter[Pair] = Counter()
        self.where: defaultdict[Pair, set[int]] = defaultdict(set)  # the words with this pair
        for word in range(len(self.words)):
            self._add(word)
        # Entries that have gone stale are dropped when they come up.
        self._queue = [(-count, pair) for pair, count in self.counts.items()]
        heapq.heapify(self._queue)

    def most_frequent(self) -> tuple[Pair, int] | None:
        """The pair with the highest count, and the count; None if no word has two tokens."""
        while self._queue:
            count, pair = self._queue[0]
            if self.counts[pair] == -count:
                return pair, -count
            heapq.heappop(self._queue)
        return None

    def join(self, pair: Pair, new: int) -> None:
        """Replace the pair by the token `new`, in all words that have it."""
        changed: set[Pair] = set()
        for word in self.where.pop(pair):
            changed.update(pairwise(self.words[word]))
            for neighbours in pairwise(self.words[word]):
                self.counts[neighbours] -= self.times[word]
            self.words[word] = merge(self.words[word], pair, new)
            changed.update(self._add(word))
        for neighbours in changed:
            if self.counts[neighbours] > 0:
                heapq.heappush(self._queue, (-self.counts[neighbours], neighbours))
            else:
                del self.counts[neighbours]
                self.where.pop(neighbours, None)

    def _add(self, word: int) -> list[Pair]:
        neighbours = list(pairwise(self.words[word]))
        for pair in neighbours:
            self.counts[pair] += self.times[word]
            self.where[pair].add(word)
        return neighbours
