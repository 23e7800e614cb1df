"""The lists of merges that can be chosen, and how each shortens the bundled story."""

from collections import Counter
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


@dataclass(frozen=True)
class MergeList:
    """A tokenizer by its name, and the points (merges, bytes per token) of the story."""

    name: str
    tokenizer: BPETokenizer
    story_curve: tuple[tuple[int, float], ...]

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


def _story_curve(tokenizer: BPETokenizer) -> tuple[tuple[int, float], ...]:
    """Return how many bytes a token of the story has after the first n merges, for many n."""
    text = load_corpus("story")[0]
    saved: Counter[int] = Counter()  # by each merge, in tokens
    for steps in tokenizer.encode_steps(text):
        length = len(steps[0][1])
        for needed, tokens in steps[1:]:
            saved[needed] += length - len(tokens)
            length = len(tokens)
    num_bytes = num_tokens = len(text.encode())
    size = len(tokenizer.merges)
    points, spacing = [(0, 1.0)], max(size // STORY_POINTS, 1)
    for needed in sorted(saved):
        num_tokens -= saved[needed]
        if needed >= points[-1][0] + spacing:
            points.append((needed, num_bytes / num_tokens))
    return (*points, (size, num_bytes / num_tokens))
