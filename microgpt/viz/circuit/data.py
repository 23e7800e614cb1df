"""`CircuitPicture`: how two layers' heads change while a model learns to copy, as plain data."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

FALL_SNAPSHOTS = 4  # the fall is looked for in so many successive intervals between snapshots


@dataclass(frozen=True, eq=False)
class CircuitPicture:
    """What is shown of a training run of S snapshots, at the one numbered `snapshot`.

    `losses` (S,) in nats; `blind_loss` is that of a guess that prefers no letter. `previous` (S, H)
    is the mean weight of each head of the first layer on the letter before, where a text is new;
    `following` (S, H) that of each head of the second layer on the letters after earlier copies of
    the present one, and `following_without` (S, H) the same without the first layer's heads; both
    are means over `num_texts` texts. `rises` (S, 2, H) is by how much the loss rises without each
    head. `letters` (T,) is a text, `next_letter` what comes next in it, `weights` (S, H, T) the
    second layer's from its last letter, `probs` (S,) the probability of `next_letter`.
    """

    steps: tuple[int, ...]
    losses: np.ndarray
    blind_loss: float
    previous: np.ndarray
    following: np.ndarray
    following_without: np.ndarray
    rises: np.ndarray
    letters: str
    next_letter: str
    weights: np.ndarray
    probs: np.ndarray
    num_texts: int
    snapshot: int = 0

    @property
    def step(self) -> int:
        """The step of the snapshot that is shown."""
        return self.steps[self.snapshot]

    @cached_property
    def first_head(self) -> int:
        """The first layer's head that looks most at the letter before, after training."""
        return int(self.previous[-1].argmax())

    @cached_property
    def second_head(self) -> int:
        """The second layer's head that looks most at what came next, after training."""
        return int(self.following[-1].argmax())

    @cached_property
    def fall(self) -> tuple[int, int]:
        """The first and the last snapshot of the time in which the loss falls most."""
        width = min(FALL_SNAPSHOTS, len(self.steps) - 1)
        falls = self.losses[: len(self.losses) - width] - self.losses[width:]
        start = int(falls.argmax())
        return start, start + width

    @property
    def came_next(self) -> int:
        """The position of the letter that came after the last letter's earlier copy."""
        return self.letters.index(self.letters[-1]) + 1


def head_name(layer: int, head: int) -> str:
    """Return the name of a head, counted from 1."""
    return f"layer {layer + 1}, head {head + 1}"
