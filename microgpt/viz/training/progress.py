"""What the training view shows: the losses of a run so far, and snapshots of its model."""

from dataclasses import dataclass, field, replace
from math import isnan, nan

import numpy as np


@dataclass(frozen=True)
class Snapshot:
    """The model at one step: held-out loss ± standard error, samples with memorization labels.

    Without held-out data the loss is NaN.
    """

    step: int
    loss: float
    stderr: float
    samples: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BigramBaseline:
    """The held-out loss of a bigram model counted on the texts that the run trains on.

    `improvement` is the bigram model's loss minus the model's, on the same texts; `stderr` is the
    standard error of this paired difference. Both are NaN until the last step is done.
    """

    loss: float
    improvement: float = nan
    stderr: float = nan

    @property
    def is_compared(self) -> bool:
        """Whether the model at the end of its training was compared with this baseline."""
        return not isnan(self.improvement)


@dataclass(frozen=True)
class TrainingProgress:
    """A run so far: its losses, the steps at which snapshots are taken, and two baselines.

    `losses` (steps_done,) are those of the history, each before its step; `seconds` is the time
    that these steps took. `uniform_loss` is the loss of uniform guessing, ln V. `status` is a word,
    such as "training"; `error` is the message of the error that ended the run early.
    """

    snapshot_steps: tuple[int, ...]
    snapshots: tuple[Snapshot, ...] = ()
    steps_done: int = 0
    steps: int = 1000
    uniform_loss: float = 0.0
    bigram: BigramBaseline | None = None
    status: str = "ready"
    error: str = ""
    temperature: float = 0.5
    unit: str = "letter"  # what a token is called
    text_noun: str = "name"  # what a text is called
    losses: np.ndarray = field(default_factory=lambda: np.zeros(0), compare=False)
    seconds: float = 0.0

    def with_snapshot(self, snapshot: Snapshot) -> "TrainingProgress":
        """Return the progress with one more snapshot, which replaces any of the same step."""
        others = [other for other in self.snapshots if other.step != snapshot.step]
        snapshots = tuple(sorted([*others, snapshot], key=lambda snapshot: snapshot.step))
        return replace(self, snapshots=snapshots, steps_done=snapshot.step)

    @property
    def evaluated(self) -> list[Snapshot]:
        """The snapshots that have a held-out loss."""
        return [snapshot for snapshot in self.snapshots if not isnan(snapshot.loss)]

    @property
    def vocab_size(self) -> int:
        """The number of tokens, V."""
        return round(float(np.exp(self.uniform_loss)))
