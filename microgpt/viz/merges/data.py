"""`MergedText`: a text after the first merges of a list, as data."""

from dataclasses import dataclass

from microgpt.viz.merges.labels import Label


@dataclass(frozen=True)
class TokenBox:
    """A token of the text: what stands in its box, its bytes, its id, and the merge that made it.

    `start` counts bytes of the text. `merge` counts from 1 and is 0 for a byte. No merge crosses
    the boundary between two values of `chunk`. `is_new` is whether the last merge allowed made it.
    """

    label: Label
    content: bytes
    start: int
    token: int
    merge: int
    chunk: int
    is_new: bool = False


@dataclass(frozen=True)
class TreeNode:
    """A token in the tree of another: `start` counts bytes of that one, bytes have `level` 0."""

    label: Label
    start: int
    num_bytes: int
    level: int
    merge: int


@dataclass(frozen=True)
class MergeNote:
    """A merge: its number from 1, its two parts, what they became, how often it was seen."""

    number: int
    left: Label
    right: Label
    merged: Label
    count: int | None


@dataclass(frozen=True)
class MergedText:
    """All that the time machine shows.

    `num_merges` of the `list_size` merges of a list are allowed. `chosen` is the index of the box
    whose `tree` is shown, the whole token first; `merges` are the merges in it, in their order.
    `levels` is the height of the highest tree that the text can have. `next_change` and
    `last_change` are the nearest numbers of merges, above and up to this one, at which a box
    changes. `curve` and `story_curve` are points (merges, bytes per token).
    """

    text: str
    list_name: str
    list_size: int
    num_merges: int
    boxes: tuple[TokenBox, ...]
    chosen: int
    tree: tuple[TreeNode, ...]
    merges: tuple[MergeNote, ...]
    levels: int
    last_change: int
    next_change: int | None
    curve: tuple[tuple[int, float], ...]
    story_curve: tuple[tuple[int, float], ...]

    @property
    def num_bytes(self) -> int:
        """The number of bytes of the text."""
        return sum(len(box.content) for box in self.boxes)

    @property
    def bytes_per_token(self) -> float:
        """The mean length of a token in bytes."""
        return self.num_bytes / len(self.boxes)

    @property
    def chosen_box(self) -> TokenBox:
        """The box whose tree is shown."""
        return self.boxes[self.chosen]
