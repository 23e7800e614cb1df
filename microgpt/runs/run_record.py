"""`RunRecord`: the black box of a run: what every step did, and snapshots on the way."""

from dataclasses import dataclass, replace

import numpy as np

from microgpt.config.checks import check_integer
from microgpt.errors import StateError
from microgpt.moving_average import mean_before
from microgpt.runs.baselines import Baseline
from microgpt.runs.run_settings import RunSettings
from microgpt.runs.update import GROUPS
from microgpt.runs.verdict import LossHistory, Verdict, judge
from microgpt.training.metrics import Evaluation

MAX_SNAPSHOTS = 50
LAST_LOG_STEP = 100  # snapshots are spaced evenly in log step up to here, then linearly
NUM_LOG_SNAPSHOTS = 16
_COLUMNS = 3 + len(GROUPS)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The model after `step` steps: its weights, and its losses on fixed rows.

    `held_out` and `training` are means ± standard errors in nats per token; `held_out_rows` and
    `training_rows` (N,) the summed losses of each row; `weights` all weights in one array. The
    arrays are read-only.
    """

    step: int
    held_out: Evaluation
    training: Evaluation
    held_out_rows: np.ndarray
    training_rows: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.held_out_rows, self.training_rows, self.weights):
            array.flags.writeable = False


class RunRecord:
    """What a run has done so far: a row for every step, and at most 50 snapshots.

    `losses`, `lrs` and `grad_norms` (before clipping) have one number a step, `update_ratios`
    (steps, 4) for each of `GROUPS` the length of the update over that of the weights. They are
    read-only, and never changed by later steps.
    """

    def __init__(
        self, settings: RunSettings, baselines: tuple[Baseline, ...], num_targets: np.ndarray
    ):
        self.settings, self.baselines, self.num_targets = settings, baselines, num_targets
        self.snapshots: list[Snapshot] = []
        self._verdicts: dict[int, Verdict] = {}
        self._rows, self._num_steps = np.empty((256, _COLUMNS)), 0

    def __len__(self) -> int:
        return self._num_steps

    def __repr__(self) -> str:
        loss = f", loss {self.mean_loss():.2f}" if len(self) else ""
        text = f"{self.settings.corpus.name!r}, {self.settings.switch_name}"
        return f"RunRecord({text}: {len(self):,} of {self.settings.steps:,} steps{loss})"

    def add_step(self, loss: float, lr: float, grad_norm: float, ratios: np.ndarray) -> None:
        """Add a row for one step."""
        if self._num_steps == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[self._num_steps] = (loss, lr, grad_norm, *ratios)
        self._num_steps += 1

    @property
    def rows(self) -> np.ndarray:
        """All numbers of all steps (steps, 7): loss, lr, gradient norm and update ratios."""
        rows = self._rows[: self._num_steps]
        rows.flags.writeable = False
        return rows

    @property
    def losses(self) -> np.ndarray:
        """The loss of each step before its update, in nats per token."""
        return self.rows[:, 0]

    @property
    def lrs(self) -> np.ndarray:
        """The learning rate of each step."""
        return self.rows[:, 1]

    @property
    def grad_norms(self) -> np.ndarray:
        """The gradient norm of each step, before clipping."""
        return self.rows[:, 2]

    @property
    def update_ratios(self) -> np.ndarray:
        """The length of each step's update over that of the weights, (steps, 4)."""
        return self.rows[:, 3:]

    def mean_loss(self, step: int | None = None) -> float:
        """Return the mean loss of the last 20 of the first `step` steps, by default of all.

        Raises StateError before the first step, SettingError for a step that was not made.
        """
        if not len(self):
            raise StateError("the run has no loss yet: make a step first")
        step = len(self) if step is None else check_integer("step", step, 1, len(self))
        return float(mean_before(self.losses, step))

    def baseline(self, name: str) -> Baseline | None:
        """Return the dashed line of that name, such as "letters", or None."""
        return next((line for line in self.baselines if line.name == name), None)

    def loss_history(self, num_snapshots: int | None = None) -> LossHistory:
        """Return what a verdict is based on, by default of all snapshots.

        Raises StateError before the first snapshot, which the first step makes.
        """
        if not self.snapshots:
            raise StateError("the run has no snapshot yet, to judge it by: make a step first")
        if num_snapshots is not None:
            check_integer("num_snapshots", num_snapshots, 1, len(self.snapshots))
        snapshots = self.snapshots[:num_snapshots]
        letters = self.baseline("letters")
        assert letters is not None
        return LossHistory(
            steps=np.array([one.step for one in snapshots]),
            training=np.array([one.training.loss for one in snapshots]),
            held_out=np.array([one.held_out.loss for one in snapshots]),
            uniform_loss=self.baselines[0].loss,
            letters_loss=letters.loss,
        )

    def verdict(self, num_snapshots: int | None = None) -> Verdict:
        """Judge the run by its first snapshots, by default all.

        Raises StateError before the first step.
        """
        if num_snapshots is None:
            return judge(self.loss_history())
        if num_snapshots not in self._verdicts:  # later steps do not change it
            self._verdicts[num_snapshots] = judge(self.loss_history(num_snapshots))
        return self._verdicts[num_snapshots]

    def without_weights(self) -> "RunRecord":
        """Return a copy for comparing: its steps, and snapshots without their weights."""
        other = RunRecord(self.settings, self.baselines, self.num_targets)
        other._rows, other._num_steps = self.rows.copy(), self._num_steps
        other.snapshots = [replace(one, weights=np.zeros(0)) for one in self.snapshots]
        return other

    @property
    def nbytes(self) -> int:
        """The memory that the record holds."""
        arrays = [self._rows]
        for one in self.snapshots:
            arrays += [one.weights, one.held_out_rows, one.training_rows]
        return sum(array.nbytes for array in arrays)


def choose_snapshot_steps(steps: int) -> tuple[int, ...]:
    """Return 0, steps evenly spaced in log step up to 100, and then linearly up to `steps`."""
    last = min(LAST_LOG_STEP, steps)
    early = {0, *np.geomspace(1, last, NUM_LOG_SNAPSHOTS).round().astype(int).tolist()}
    late = np.linspace(last, steps, MAX_SNAPSHOTS - len(early) + 1).round().astype(int).tolist()
    return tuple(sorted(early | set(late)))
