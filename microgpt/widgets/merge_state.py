"""`MergeState`: a text, a list of merges, how many of them are allowed, and a chosen byte."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from microgpt.errors import Described, SettingError
from microgpt.tokenizers import BPETokenizer
from microgpt.tokenizers.pretokenization import check_text
from microgpt.viz.merges import MergedText, MergeNote, TokenBox, TreeNode, token_label
from microgpt.widgets.merge_lists import OURS, Curve, MergeList, Steps, bytes_per_token, merge_list

MAX_LENGTH = 200  # characters of the text


@lru_cache(maxsize=64)
def _encode_steps(text: str, list_name: str) -> list[Steps]:
    return merge_list(list_name).tokenizer.encode_steps(text)


@dataclass(frozen=True)
class MergeState:
    """A text, encoded with the first `num_merges` merges of a list.

    `chosen_byte` is a byte of the text: the token that holds it is shown as a tree. Until a byte is
    chosen, `None`, that is the token which the last merge made.
    """

    text: str
    list_name: str = OURS
    num_merges: int = 0
    chosen_byte: int | None = None

    @property
    def merges(self) -> MergeList:
        """The list of merges."""
        return merge_list(self.list_name)

    @property
    def steps(self) -> list[Steps]:
        """How each chunk of the text is merged, step by step."""
        return _encode_steps(self.text, self.list_name)

    @cached_property
    def changes(self) -> list[int]:
        """The numbers of merges, ascending, at which a box changes."""
        return sorted({needed for steps in self.steps for needed, _ in steps if needed})

    @property
    def last_change(self) -> int:
        """The greatest of `changes` that is allowed, or 0."""
        index = bisect_right(self.changes, self.num_merges)
        return self.changes[index - 1] if index else 0

    @property
    def next_change(self) -> int | None:
        """The smallest of `changes` that is not allowed yet, if any."""
        index = bisect_right(self.changes, self.num_merges)
        return self.changes[index] if index < len(self.changes) else None

    @cached_property
    def tokens(self) -> list[int]:
        """The tokens of the text with the merges allowed."""
        return [token for _, token in self._chunked_tokens()]

    def _chunked_tokens(self) -> Iterator[tuple[int, int]]:
        """Yield each token with the number of its chunk."""
        for chunk, steps in enumerate(self.steps):
            row = bisect_right(steps, self.num_merges, key=lambda step: step[0]) - 1
            for token in steps[row][1]:
                yield chunk, token

    @cached_property
    def view(self) -> MergedText:
        """All that is shown, as plain data."""
        tokenizer, boxes = self.merges.tokenizer, self._boxes()
        chosen = self._chosen(boxes)
        tree = _tree(tokenizer, boxes[chosen].token) if boxes else ()
        notes = _notes(tokenizer, boxes[chosen].token) if boxes else ()
        return MergedText(
            self.text, self.list_name, self.merges.size, self.num_merges, boxes, chosen, tree,
            notes, self._levels, self.last_change, self.next_change, self._curve,
            self.merges.story_curve,
        )  # fmt: skip

    def _boxes(self) -> tuple[TokenBox, ...]:
        tokenizer = self.merges.tokenizer
        boxes, start = list[TokenBox](), 0
        for chunk, token in self._chunked_tokens():
            content, merge = tokenizer.token_bytes(token), _merge_number(tokenizer, token)
            is_new = merge > 0 and merge == self.last_change
            box = TokenBox(token_label(content), content, start, token, merge, chunk, is_new)
            boxes.append(box)
            start += len(content)
        return tuple(boxes)

    def _chosen(self, boxes: tuple[TokenBox, ...]) -> int:
        if self.chosen_byte is None:
            return next((index for index, box in enumerate(boxes) if box.is_new), 0)
        starts = [box.start for box in boxes]
        return max(bisect_right(starts, self.chosen_byte) - 1, 0)

    @cached_property
    def _levels(self) -> int:
        """The height of the highest tree that the whole list gives this text, at least 1."""
        last = {token for steps in self.steps for token in steps[-1][1]}
        tokenizer = self.merges.tokenizer
        return max([1, *(_tree(tokenizer, token)[0].level for token in last)])

    @cached_property
    def _curve(self) -> Curve:
        return bytes_per_token(self.steps)

    # -- changes --------------------------------------------------------------------------------

    def with_text(self, text: str) -> "MergeState":
        """Return the state of another text, with no byte chosen."""
        check_shown(text)
        return self if text == self.text else replace(self, text=text, chosen_byte=None)

    def with_list(self, name: str) -> "MergeState":
        """Use another list; all of its merges are allowed if all of this one's were."""
        size = merge_list(name).size
        is_full = self.num_merges == self.merges.size
        number = size if is_full else min(self.num_merges, size)
        return replace(self, list_name=name, num_merges=number)

    def with_num_merges(self, number: float) -> "MergeState":
        """Allow the first `number` merges of the list."""
        return replace(self, num_merges=min(max(int(number), 0), self.merges.size))

    def at_next_change(self) -> "MergeState":
        """Allow merges up to the next one that changes this text; after the last, stay."""
        return self if self.next_change is None else replace(self, num_merges=self.next_change)

    def at_previous_change(self) -> "MergeState":
        """Allow merges up to the change before the present boxes; before the first, none."""
        earlier = [number for number in self.changes if number < self.last_change]
        return replace(self, num_merges=earlier[-1] if earlier else 0)

    def with_box(self, number: int) -> "MergeState":
        """Choose the token `number`, counted from 1; the one with its first byte stays chosen."""
        boxes = self.view.boxes
        if not boxes:
            return self
        index = min(max(number, 1), len(boxes)) - 1
        return replace(self, chosen_byte=boxes[index].start)


def start_state(text: str, num_merges: int) -> MergeState:
    """Return the state of a text with the first merges of our own list."""
    check_shown(text)
    return MergeState(text).with_num_merges(num_merges)


def check_shown(text: str) -> None:
    """Raise SettingError or TokenError unless the text can be shown as boxes."""
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        expected = f"a string of at most {MAX_LENGTH} characters, so that its tokens can be seen"
        got = Described(f"{len(text):,} characters") if isinstance(text, str) else text
        raise SettingError("text", expected, got, "use a part of it")
    check_text(text)


def _merge_number(tokenizer: BPETokenizer, token: int) -> int:
    """Return which merge made a token, counted from 1; 0 for a byte."""
    return max(token - tokenizer.ordinary_ids.start - 255, 0)


def _parts(tokenizer: BPETokenizer, token: int) -> tuple[int, int] | None:
    number = _merge_number(tokenizer, token)
    return tokenizer.merges[number - 1] if number else None


@lru_cache(maxsize=1024)
def _tree(tokenizer: BPETokenizer, token: int, start: int = 0) -> tuple[TreeNode, ...]:
    """Return the nodes of a token's tree, the token first, then its left and its right part."""
    content = tokenizer.token_bytes(token)
    below: tuple[TreeNode, ...] = ()
    level = 0
    if parts := _parts(tokenizer, token):
        left = _tree(tokenizer, parts[0], start)
        right = _tree(tokenizer, parts[1], start + left[0].num_bytes)
        below, level = (*left, *right), 1 + max(left[0].level, right[0].level)
    label, number = token_label(content), _merge_number(tokenizer, token)
    return (TreeNode(label, start, len(content), level, number), *below)


@lru_cache(maxsize=1024)
def _notes(tokenizer: BPETokenizer, token: int) -> tuple[MergeNote, ...]:
    """Return the merges in a token's tree, each once, in the order of the list."""
    found: set[int] = set()
    waiting = [token]
    while waiting:
        one = waiting.pop()
        if parts := _parts(tokenizer, one):
            found.add(one)
            waiting.extend(parts)
    notes = []
    for one in sorted(found):
        number = _merge_number(tokenizer, one)
        left, right = tokenizer.merges[number - 1]
        first, second, merged = (
            token_label(tokenizer.token_bytes(part)) for part in (left, right, one)
        )
        count = None if tokenizer.counts is None else tokenizer.counts[number - 1]
        notes.append(MergeNote(number, first, second, merged, count))
    return tuple(notes)
