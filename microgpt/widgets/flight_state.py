"""The state of the flight recorder: a run, what is shown of it, and earlier runs beside it."""

from dataclasses import dataclass, replace

from microgpt.runs import RunComparison, RunRecord, RunSettings, TrainingRun
from microgpt.runs.run_record import MAX_SNAPSHOTS
from microgpt.runs.switches import HEALTHY
from microgpt.runs.update import GROUPS
from microgpt.runs.verdict import RULES
from microgpt.sampling import generate_text
from microgpt.viz.flight_recorder import Curves, Flight, FlightSnapshot, OtherFlight
from microgpt.widgets.logits_source import token_unit

SAMPLE_ROWS, SAMPLE_LENGTH, TEMPERATURE = 5, 28, 0.7
MAX_ENDED = 8  # runs that are kept whole, each of about 12 MB


@dataclass(frozen=True)
class Parting:
    """Where a run and the one behind part, in a sentence that was made after `steps` of both.

    If `is_final`, more steps would not change it.
    """

    sentence: str
    steps: int = 0
    is_final: bool = True

    @classmethod
    def of(cls, found: RunComparison) -> "Parting":
        """Return what a comparison has found."""
        return cls(repr(found), found.steps, found.loss_step is not None)

    def covers(self, steps: int) -> bool:
        """Whether it still holds after so many steps of both."""
        return self.is_final or steps <= self.steps


@dataclass(frozen=True)
class EndedRun:
    """A run that does not go on, how it ended, and why if it failed."""

    run: TrainingRun
    status: str
    error: str = ""


@dataclass(frozen=True)
class FlightState:
    """`at` is the step of the snapshot looked at, None for the latest; `other` names a run behind.

    `earlier` are the records of runs that have ended, one for each settings, and `ended` the latest
    of these runs, to be shown again; `sample` are the lines that the model of the snapshot shown
    writes, and `parting` says where this run and the other part. `other` stays when the run
    changes, and means nothing until there is a run of that name. `typed` is a step typed that had
    no snapshot then.
    """

    run: TrainingRun
    status: str = "ready"
    error: str = ""
    at: int | None = None
    sample: tuple[str, ...] = ()
    earlier: tuple[RunRecord, ...] = ()
    other: str = ""
    parting: Parting | None = None
    ended: tuple[EndedRun, ...] = ()
    seconds_per_step: float | None = None
    typed: int | None = None

    @property
    def shown(self) -> int | None:
        """The index of the snapshot that is shown, None for the latest."""
        snapshots = self.run.record.snapshots
        if self.at is None or not snapshots or self.at >= snapshots[-1].step:
            return None
        return max(i for i, one in enumerate(snapshots) if one.step <= max(0, self.at))

    def nearest_step(self, step: int) -> int:
        """Return the step of the snapshot nearest to a step; 0 before the first."""
        steps = [one.step for one in self.run.record.snapshots]
        return min(steps, key=lambda one: abs(one - step), default=0)

    def with_step(self, step: int, is_typed: bool) -> "FlightState":
        """Return the state with the snapshot for a step that was chosen: there are no others.

        One step from the snapshot shown, as an arrow key goes, is the snapshot beside it; all other
        steps mean the nearest.
        """
        steps, shown = [one.step for one in self.run.record.snapshots], self.shown_step
        if not steps:
            return self
        found = self.nearest_step(step)
        if step == shown + 1:
            found = next((one for one in steps if one > shown), shown)
        elif step == shown - 1:
            found = next((one for one in reversed(steps) if one < shown), shown)
        elif is_typed and found != step:
            return replace(self.with_step(found, is_typed=False), typed=step)
        return replace(self, at=None if found == steps[-1] else found, typed=None)

    @property
    def shown_step(self) -> int:
        """The step of the snapshot that is shown, 0 before the first."""
        snapshots = self.run.record.snapshots
        return snapshots[-1 if self.shown is None else self.shown].step if snapshots else 0

    @property
    def other_record(self) -> RunRecord | None:
        """The record of the earlier run behind, or None."""
        return self.comparable().get(self.other)

    def comparable(self) -> dict[str, RunRecord]:
        """Return the earlier runs on the same text, by what tells them from this one."""
        settings = self.run.settings
        return {
            self.name_of(record): record
            for record in self.earlier
            if record.settings.corpus == settings.corpus
        }

    def name_of(self, record: RunRecord) -> str:
        """Return what an earlier run is called beside this one."""
        return record.settings.name_beside(self.run.settings)

    def with_earlier(self, record: RunRecord) -> "FlightState":
        """Return the state with a run that has ended; one of the same settings is replaced."""
        others = [one for one in self.earlier if one.settings != record.settings]
        return replace(self, earlier=(*others, record.without_weights()))

    def with_run(self, run: TrainingRun) -> "FlightState":
        """Return the state with another run; the one until now stays, to be compared with."""
        state = self
        if len(self.run.record):
            state = self.with_earlier(self.run.record)
            status = "stopped" if self.status in ("running", "paused") else self.status
            settings = self.run.settings
            others = [one for one in self.ended if one.run.settings != settings]
            ended = (*others, EndedRun(self.run, status, self.error))
            state = replace(state, ended=ended[-MAX_ENDED:])
        return FlightState(run, earlier=state.earlier, other=self.other, ended=state.ended)

    def with_settings(self, settings: RunSettings) -> "FlightState":
        """Return the state with the run of these settings that has ended, else with a new one."""
        found = next((one for one in self.ended if one.run.settings == settings), None)
        if found is None:
            return self.with_run(TrainingRun.again(settings))
        state = self.with_run(found.run)
        earlier = tuple(one for one in state.earlier if one.settings != settings)
        return replace(state, status=found.status, error=found.error, earlier=earlier)

    @property
    def seconds_left(self) -> float | None:
        """How long the remaining steps take, or None if that has not been measured."""
        if self.seconds_per_step is None:
            return None
        return self.seconds_per_step * (self.run.settings.steps - len(self.run.record))

    def _note(self) -> str:
        typed, shown = self.typed, self.shown_step
        # Snapshots that came since may be nearer, and the latest one goes on with the run.
        if typed is None or typed == shown or self.nearest_step(typed) != shown:
            return ""
        return f"There is no snapshot at step {typed:,}; the nearest is this."

    def flight(self) -> Flight:
        """Return what is drawn."""
        run, record = self.run, self.run.record
        settings, other = run.settings, self.other_record
        parting = "" if self.parting is None else self.parting.sentence
        return Flight(
            text_name=settings.corpus.name,
            run_name=settings.switch_name,
            steps=settings.steps,
            vocab_size=run.text.vocab_size,
            baselines=tuple((line.name, line.loss) for line in record.baselines),
            groups=tuple(GROUPS),
            num_snapshots=min(MAX_SNAPSHOTS, len(run.snapshot_steps)),
            grad_clip=settings.grad_clip,
            symptom=settings.switch.symptom if settings.switch_name != HEALTHY else "",
            seconds_left=self.seconds_left,
            rows=run.text.rows_in_words(),
            rules=RULES,
            note=self._note(),
            status=self.status,
            error=self.error,
            unit=token_unit(run.text.tokenizer),
            curves=Curves(record.losses, record.lrs, record.grad_norms, record.update_ratios),
            snapshots=flight_snapshots(record),
            shown=self.shown,
            sample=self.sample,
            temperature=TEMPERATURE,
            other=None if other is None else OtherFlight(self.other, other.losses, parting),
        )


def flight_snapshots(record: RunRecord) -> tuple[FlightSnapshot, ...]:
    """Return the snapshots of a record without their weights, each judged by those up to it."""
    snapshots = []
    for i, one in enumerate(record.snapshots):
        verdict = record.verdict(i + 1)
        since = "" if verdict.label != "memorising" else f" since step {verdict.step:,}"
        snapshots.append(
            FlightSnapshot(
                one.step, one.held_out.loss, one.held_out.stderr, one.training.loss,
                f"{verdict.label}{since}", verdict.reason,
            )
        )  # fmt: skip
    return tuple(snapshots)


def write_sample(run: TrainingRun, index: int) -> tuple[str, ...]:
    """Return five short texts by the model of a snapshot, always from the same seed."""
    model = run.model_at(run.record.snapshots[index])
    return tuple(
        generate_text(
            model, run.text.tokenizer, SAMPLE_ROWS, "", SAMPLE_LENGTH, temperature=TEMPERATURE
        )
    )
