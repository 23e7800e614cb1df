"""`compare_runs`: the first step and tensor in which two recorded runs part.

Nothing but a few numbers of each step is kept, so both runs are made once more, side by side, until
they part: most do in the first steps. Their losses are held against the recorded ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.backends import LOCK
from microgpt.errors import Described, SettingError, StateError
from microgpt.parity import activations
from microgpt.parity.tensor_check import check_tensor
from microgpt.plain_text import pluralize
from microgpt.runs.run_record import RunRecord
from microgpt.runs.run_settings import RunSettings
from microgpt.runs.training_run import TrainingRun

TOLERANCE = 1e-6  # of a relative difference on one back end; below it is rounding
REPLAY_TOLERANCE = 1e-4  # of a loss, when a run is made again
START = "weights before the first step"
# The stages in the order of their comparison, each with its tolerance between two back ends, which
# add up in other orders. The largest differences of three healthy runs in 60 to 100 steps: forward
# pass 2.4e-5, loss 1e-7, gradient 1.5e-5, weights 5e-6, and update 3e-5 in step 1, where AdamW
# divides each gradient by its own size, even one near zero. Tolerances are about ten times that.
# With lr × 100 rounding grows beyond them in some ten steps: there, back ends do part.
STAGES = {
    START: 1e-6, "batch": 0.0, "forward pass": 2e-4, "loss": 1e-6, "gradient": 2e-4,
    "update": 3e-4, "weights": 5e-5,
}  # fmt: skip

# (stage, name of the tensor, of one run, of the other)
Pairs = Iterator[tuple[str, str, np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Difference:
    """Where two runs differ: in the step counted from 1, 0 before it; `relative_diff` by how much.

    `stage` is a key of `STAGES`, `tensor` a name such as "wte.weight". The relative difference is
    |a − b| over the larger of |a| and |b|, in the Euclidean norm, so it is the same in either
    order; for tokens and targets, the share that differs. Up to `tolerance` it is rounding.
    """

    step: int
    stage: str
    tensor: str
    relative_diff: float
    tolerance: float

    @property
    def is_rounding(self) -> bool:
        """Whether the difference is within the tolerance; NaN never is."""
        return self.relative_diff <= self.tolerance

    def __str__(self) -> str:
        if self.stage == START:
            return f"before step 1, in the weights {self.tensor}"
        if self.stage == "loss":
            return f"at step {self.step:,}, in the loss"
        if self.stage == "batch":
            return f"at step {self.step:,}, in the {self.tensor} of the batch"
        return f"at step {self.step:,}, in the {self.stage} of {self.tensor}"


@dataclass(frozen=True, repr=False)
class RunComparison:
    """Where two runs part: `first`, or None if they do not in `steps` steps.

    `rounding` is the first difference that is rounding only, before they part; `loss_step` the
    first step whose recorded losses differ by more than rounding.
    """

    names: tuple[str, str]
    steps: int
    first: Difference | None
    rounding: Difference | None
    loss_step: int | None

    @property
    def step(self) -> int | None:
        """The step in which the runs part, counted from 1 (0: before it), or None."""
        return None if self.first is None else self.first.step

    @property
    def stage(self) -> str | None:
        """What they part in, a key of `STAGES` such as "gradient", or None."""
        return None if self.first is None else self.first.stage

    @property
    def tensor(self) -> str | None:
        """The name of the first tensor that differs, or None."""
        return None if self.first is None else self.first.tensor

    def __repr__(self) -> str:
        both = "“{}” and “{}”".format(*self.names)
        if self.first is None:
            sentence = f"{both} do not part in {pluralize(self.steps, 'step')}"
        else:
            sentence = f"{both} part {self.first}"
            sentence += f" (relative difference {self.first.relative_diff:.2g})"
            if self.loss_step is not None and self.first.stage != "loss":
                sentence += f"; the losses differ from step {self.loss_step:,}"
        sentence += "."
        if self.rounding is not None:
            rounding = self.rounding
            before = "" if self.first is None else " Before that, rounding only, first"
            start = before or " Rounding only, first"
            sentence += f"{start} {rounding} ({rounding.relative_diff:.1g})."
        return sentence


def compare_runs(a: Any, b: Any) -> RunComparison:
    """Compare two recorded runs; return the first step and tensor in which they part.

    `a` and `b` are records of `record_run`, or what has one as `record`: a `TrainingRun` or a
    `FlightRecorder`. In each step the batch, the tensors of the forward pass, the loss, the
    gradients, AdamW's update and the weights are compared in this order, before the first step the
    weights. They part at the first relative difference above 1e-6; smaller ones are rounding.
    Between two back ends rounding is larger: each of `STAGES` has its own tolerance. Raises
    SettingError for runs of different seeds, texts or planned steps, StateError for a run that
    cannot be made again as it was recorded.
    """
    records = [record_of(name, run) for name, run in (("a", a), ("b", b))]
    ours, theirs = (record.settings for record in records)
    _check_comparable(ours, theirs)
    steps = min(map(len, records))
    names = ours.name_beside(theirs), theirs.name_beside(ours)
    loss_step = _first_loss_step(records, steps)
    if _are_equal(records, steps):
        return RunComparison(names, steps, None, None, loss_step)
    rounding = None
    for difference in _differences(records, steps):
        if not difference.is_rounding:
            return RunComparison(names, steps, difference, rounding, loss_step)
        rounding = rounding or difference
    return RunComparison(names, steps, None, rounding, loss_step)


def record_of(name: str, run: Any) -> RunRecord:
    """Return a record, or what has one as `record`; raise SettingError for anything else."""
    record = getattr(run, "record", run)
    if not isinstance(record, RunRecord):
        raise SettingError(name, "a recorded run, such as record_run() returns", type(run))
    return record


def _check_comparable(ours: RunSettings, theirs: RunSettings) -> None:
    if ours.seed != theirs.seed:
        raise SettingError(
            "b",
            f"a run with the seed {ours.seed}, as a has",
            Described(f"the seed {theirs.seed}"),
            "other seeds draw other weights and batches: such runs part before the first step",
        )
    if ours.corpus != theirs.corpus:
        raise SettingError(
            "b",
            f"a run on the text of a, {ours.corpus.name!r}",
            Described(f"one on {theirs.corpus.name!r}"),
            "compare runs on one text",
        )
    if ours.steps != theirs.steps:
        raise SettingError(
            "b",
            f"a run of {ours.steps:,} planned steps, as a is",
            Described(f"one of {theirs.steps:,}"),
            "the learning rate follows from the planned steps; record_run's until ends a run early",
        )


def _first_loss_step(records: list[RunRecord], steps: int) -> int | None:
    a, b = (record.losses[:steps] for record in records)
    tolerance = _tolerance("loss", records)
    differs = np.flatnonzero(~(np.abs(a - b) <= tolerance * np.maximum(np.abs(a), np.abs(b))))
    return int(differs[0]) + 1 if len(differs) else None


def _are_equal(records: list[RunRecord], steps: int) -> bool:
    """Whether all that was recorded of the steps is equal, bit for bit."""
    a, b = records
    return steps > 0 and np.array_equal(a.rows[:steps], b.rows[:steps])


def _differences(records: list[RunRecord], steps: int) -> Iterator[Difference]:
    """Make both runs again, and yield every difference between them in order."""
    runs = [TrainingRun.again(record.settings) for record in records]
    for step in range(steps + 1):
        with LOCK:
            pairs = _step_pairs(runs, records, step) if step else _weight_pairs(runs, START)
            for stage, tensor, ours, theirs in pairs:
                if not np.array_equal(ours, theirs):
                    tolerance = _tolerance(stage, records)
                    difference = _relative_diff(stage, tensor, ours, theirs)
                    yield Difference(step, stage, tensor, difference, tolerance)


def _step_pairs(runs: list[TrainingRun], records: list[RunRecord], step: int) -> Pairs:
    """Make step `step` of both runs, and yield their tensors on the way."""
    batches = [run.text.next_batch() for run in runs]
    for name, ours, theirs in zip(("tokens", "targets"), *batches, strict=True):
        yield "batch", name, ours, theirs
    yield from _forward_pairs(runs, [tokens for tokens, _ in batches])
    losses = [run.backward(*batch) for run, batch in zip(runs, batches, strict=True)]
    for record, loss in zip(records, losses, strict=True):
        _check_replay(record, step, loss)
    yield "loss", "loss", np.array(losses[0]), np.array(losses[1])
    yield from _pairs("gradient", [run.gradients() for run in runs])
    updates = [run.update() for run in runs]
    yield from _pairs("update", [update.exact for update in updates])
    yield from _weight_pairs(runs, "weights")


def _forward_pairs(runs: list[TrainingRun], tokens: list[np.ndarray]) -> Pairs:
    """Yield the activations of a batch, unless they cannot differ: they are slow to compute."""
    weights = [run.optimizer.flat_segments[0][0] for run in runs]
    is_same_model = runs[0].settings.backend == runs[1].settings.backend
    if is_same_model and all(np.array_equal(x[0], x[1]) for x in (weights, tokens)):
        return
    computed = [activations(run.model, ids) for run, ids in zip(runs, tokens, strict=True)]
    for arrays in computed:
        del arrays["tokens"]  # part of the batch
        for name in arrays:
            if name.endswith(".scores"):  # those of later positions are never used
                arrays[name] = np.tril(arrays[name])
    yield from _pairs("forward pass", computed)


def _weight_pairs(runs: list[TrainingRun], stage: str) -> Pairs:
    weights = [{name: weight.numpy() for name, weight in run.parameters.items()} for run in runs]
    yield from _pairs(stage, weights)


def _pairs(stage: str, arrays: list[dict[str, np.ndarray]]) -> Pairs:
    ours, theirs = arrays
    for name in ours:
        yield stage, name, ours[name], theirs[name]


def _relative_diff(stage: str, tensor: str, ours: np.ndarray, theirs: np.ndarray) -> float:
    if stage == "batch":
        return float(np.mean(ours != theirs)) if ours.shape == theirs.shape else 1.0
    differences = (check_tensor(tensor, ours, theirs, TOLERANCE).relative_diff,
                   check_tensor(tensor, theirs, ours, TOLERANCE).relative_diff)  # fmt: skip
    return float(np.min(differences))  # that to the larger of both; NaN stays NaN


def _tolerance(stage: str, records: list[RunRecord]) -> float:
    """Return the relative difference of a stage up to which two runs differ by rounding."""
    a, b = (record.settings.backend for record in records)
    return STAGES[stage] if a != b else min(TOLERANCE, STAGES[stage])


def _check_replay(record: RunRecord, step: int, loss: float) -> None:
    recorded = float(record.losses[step - 1])
    if not abs(loss - recorded) <= REPLAY_TOLERANCE * abs(recorded):
        raise StateError(
            f"the run “{record.settings.switch_name}” cannot be made again: its loss at step "
            f"{step:,} was {recorded:.6f} and is now {loss:.6f}; record it again, without "
            "functions of your own in place of the library's"
        )
