"""What the flight recorder shows: the curves of a run, its snapshots, and one of them in full."""

from dataclasses import dataclass, field

import numpy as np

from microgpt.moving_average import mean_before

SYMPTOM_STEPS = 100  # before these are made, a run's symptom would answer the question for it


@dataclass(frozen=True)
class FlightSnapshot:
    """The run after `step` steps: losses on held-out rows ± standard error and on training rows."""

    step: int
    held_out: float
    stderr: float
    training: float
    verdict: str
    reason: str


def _no_steps() -> np.ndarray:
    return np.zeros(0)


@dataclass(frozen=True)
class Curves:
    """One number for each step: loss in nats, learning rate, gradient norm, and update ratios.

    `update_ratios` (steps, number of groups) are lengths of updates over lengths of weights.
    """

    losses: np.ndarray = field(default_factory=_no_steps)
    lrs: np.ndarray = field(default_factory=_no_steps)
    grad_norms: np.ndarray = field(default_factory=_no_steps)
    update_ratios: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))

    def __len__(self) -> int:
        return len(self.losses)


@dataclass(frozen=True)
class OtherFlight:
    """An earlier run drawn behind: its name, its losses, and where both part, as a sentence."""

    name: str
    losses: np.ndarray
    parting: str = ""


@dataclass(frozen=True)
class Flight:
    """A run so far. `status` is "ready", "running", "paused", "stopped", "finished" or "failed".

    `baselines` are pairs of a name and a loss, the first ln V; `shown` is the index of the snapshot
    that is shown in full, None for the latest, and `sample` the lines that it writes. `symptom` is
    what its switch predicts, `seconds_left` the time that the remaining steps take, None if that
    has not been measured. `rows` says what training and held-out losses are means over, `rules` how
    a verdict is made, and `note` what the reader asked for that is not there.
    """

    text_name: str
    run_name: str
    steps: int
    vocab_size: int
    baselines: tuple[tuple[str, float], ...]
    groups: tuple[str, ...]
    num_snapshots: int
    grad_clip: float = float("inf")
    symptom: str = ""
    seconds_left: float | None = None
    rows: tuple[str, str] = ("training rows", "held-out rows")
    rules: tuple[str, ...] = ()
    note: str = ""
    status: str = "ready"
    error: str = ""
    unit: str = "letter"
    curves: Curves = field(default_factory=Curves, compare=False)
    snapshots: tuple[FlightSnapshot, ...] = ()
    shown: int | None = None
    sample: tuple[str, ...] = ()
    temperature: float = 0.7
    other: OtherFlight | None = field(default=None, compare=False)

    @property
    def steps_done(self) -> int:
        """The number of steps made."""
        return len(self.curves)

    @property
    def is_symptom_due(self) -> bool:
        """Whether to tell the symptom: not before readers could have found it themselves."""
        is_over = self.status in ("stopped", "finished", "failed")
        return bool(self.symptom) and (is_over or self.steps_done >= SYMPTOM_STEPS)

    @property
    def snapshot(self) -> FlightSnapshot | None:
        """The snapshot that is shown in full, or None before the first."""
        if not self.snapshots:
            return None
        return self.snapshots[-1 if self.shown is None else self.shown]

    @property
    def uniform_loss(self) -> float:
        """The loss of guessing blindly, ln V."""
        return self.baselines[0][1]

    def mean_before(self, values: np.ndarray, step: int) -> float:
        """Return the mean of the last 20 values before `step` steps were made."""
        return float(mean_before(values, max(1, min(step, len(values)))))
