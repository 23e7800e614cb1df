"""The lists of merges that can be chosen, and how each shortens the bundled story."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from microgpt.data import load_corpus
from microgpt.errors import SettingError
from microgpt.tokenizers import BPETokenizer, gpt2
from microgpt.tokenizers.gpt2_vocab import find_gpt2

OURS, GPT2 = "ours", "GPT-2"
NUM_MERGES = 1000  # of our own list
STORY_POINTS = 200  # of the line of the story, at most
ABSENT = (
    "GPT-2's list is not on this computer. Put its vocab.bpe into the folder that MICROGPT_DATA "
    "names, or run microgpt.tokenizers.gpt2() once with a network, then run this cell again."
)

Steps = list[tuple[int, list[int]]]  # of one chunk, as `BPETokenizer.encode_steps` returns them
Curve = tuple[tuple[int, float], ...]  # points (merges, bytes per token)


@dataclass(frozen=True)
class MergeList:
    """A tokenizer by its name, and the bytes per token of the story after the first n merges."""

    name: str
    tokenizer: BPETokenizer
    story_curve: Curve

    @property
    def size(self) -> int:
        """The number of merges."""
        return len(self.tokenizer.merges)


@cache
def merge_list(name: str) -> MergeList:
    """Return a list of merges: "ours", counted on the story now, or "GPT-2", from a local copy.

    Counting takes 0.2 s. Raises SettingError if there is no such list, or no copy of GPT-2's.
    """
    if name == OURS:
        tokenizer = load_corpus("story").tokenizer(f"bpe:{256 + NUM_MERGES + 1}")
        assert isinstance(tokenizer, BPETokenizer)
    elif name == GPT2:
        if (file := find_gpt2()) is None:
            raise SettingError("list", f"{OURS!r}", name, ABSENT)
        tokenizer = gpt2(file)
    else:
        raise SettingError("list", got=name, choices=(OURS, GPT2))
    return MergeList(name, tokenizer, _story_curve(tokenizer))


def bytes_per_token(chunks: Iterable[Steps]) -> Curve:
    """Return the bytes per token of a text before any merge, and after each that changes it.

    `chunks` are the text's, from `BPETokenizer.encode_steps`. An empty text has the point (0, 1.0).
    """
    num_bytes, saved = 0, Counter({0: 0})  # saved by each merge, in tokens
    for steps in chunks:
        length = len(steps[0][1])
        num_bytes += length
        for needed, tokens in steps[1:]:
            saved[needed] += length - len(tokens)
            length = len(tokens)
    num_tokens = num_bytes
    points = []
    for needed in sorted(saved):
        num_tokens -= saved[needed]
        points.append((needed, num_bytes / num_tokens if num_tokens else 1.0))
    return tuple(points)


def _story_curve(tokenizer: BPETokenizer) -> Curve:
    """Return the bytes per token of the story, at no more than about `STORY_POINTS` points."""
    first, *rest = bytes_per_token(tokenizer.encode_steps(load_corpus("story")[0]))
    size = len(tokenizer.merges)
    points, spacing = [first], max(size // STORY_POINTS, 1)
    for point in rest:
        if point[0] >= points[-1][0] + spacing:
            points.append(point)
    return (*points, (size, rest[-1][1]))
