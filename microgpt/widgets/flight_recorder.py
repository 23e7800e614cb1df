"""`FlightRecorder`: train a small model in a live view that records all of it, and break it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ipywidgets

from microgpt.backends import LOCK
from microgpt.data import Corpus, as_corpus, load_corpus
from microgpt.data.corpora import BUNDLED_CORPORA
from microgpt.errors import MicrogptError
from microgpt.runs import HEALTHY, STEPS, SWITCHES, RunRecord, TrainingRun, compare_runs
from microgpt.runs.comparison import record_of
from microgpt.viz.drawing import Drawing
from microgpt.viz.flight_recorder import draw_flight_still, flight_table, render_flight
from microgpt.viz.html import Rendered
from microgpt.widgets.controls import LabeledSlider, box, button
from microgpt.widgets.flight_state import FlightState, Parting, write_sample
from microgpt.widgets.notebook_context import current_cell
from microgpt.widgets.panel import Panel, record_error
from microgpt.widgets.run_control import RunControl
from microgpt.widgets.workers import stop_earlier_workers

NONE = "none"
MIN_COMPARED = 3  # steps after which nearly all runs have parted


class FlightRecorder(Panel):
    """Train a small GPT on a text, healthy or broken by a switch, and look back at any moment.

    In a notebook nothing runs until Start is pressed, and then on a background thread: Pause and
    Stop take effect after the current step, Step makes exactly one, and running the cell again
    stops the old thread first. In a script the constructor makes the whole run before it returns.
    `record` is the run's record, for `compare_runs`; `switch` is one of `mg.runs.SWITCHES`.
    """

    def __init__(
        self,
        corpus: Corpus | str = "story",
        switch: str = HEALTHY,
        *,
        steps: int = STEPS,
        seed: int = 0,
        backend: str | None = None,
    ):
        corpus = as_corpus(corpus)
        self._cell = current_cell()
        if self._cell is not None:
            stop_earlier_workers(self._cell)
        run = TrainingRun(corpus, switch, steps=steps, seed=seed, backend=backend)
        self._corpora = {corpus.name: corpus}
        self._samples: dict[tuple[int, int], tuple[str, ...]] = {}
        texts = [corpus.name, *(name for name in BUNDLED_CORPORA if name != corpus.name)]
        self.text_select = _dropdown("Text", texts)
        self.run_select = _dropdown("Run", list(SWITCHES))
        self.compare_select = _dropdown("Compare", [NONE])
        self.start_button = button("Start", self.start, "start the run, or go on with it")
        self.pause_button = button("Pause", self.pause, "pause after the current step")
        self.step_button = button("Step", self.step, "make one step and stay paused")
        self.stop_button = button("Stop", self.stop, "end the run; what it recorded stays")
        buttons = [self.start_button, self.pause_button, self.step_button, self.stop_button]
        selects = [self.text_select, self.run_select, self.compare_select]
        self.slider = LabeledSlider(lambda *_: "step", 0, steps, 1, self._on_slider)
        self.slider.slider.add_class("mg-dart")
        super().__init__(
            FlightState(run),
            _render,
            _draw_still,
            css_class="flight",
            controls=[
                box("mg-act", buttons), box("mg-selects", selects),
                box("mg-time", [self.slider.widget]),
            ],
            numbers_table=lambda state: flight_table(state.flight()),
            arguments=(corpus, switch, steps, seed, backend),
        )  # fmt: skip
        self.control = self._control_of(self.state)
        self.observe(self.text_select, self._on_text)
        self.observe(self.run_select, self._on_run)
        self.observe(self.compare_select, self._on_compare)
        if self._cell is None:
            self.start()

    def take_over(self, earlier_state: FlightState) -> FlightState:
        """Go on with the run of the cell's earlier run, which was stopped: it is paused now."""
        status = "paused" if earlier_state.status == "running" else earlier_state.status
        return replace(earlier_state, status=status)

    def _control_of(self, state: FlightState) -> RunControl:
        control = RunControl(state.run, self._on_change, self._on_error, self._cell)
        control.status, control.error = state.status, state.error
        return control

    @property
    def record(self) -> RunRecord:
        """What the run has done so far."""
        return self.state.run.record

    def start(self) -> None:
        """Start the run or go on with it; after its end, make a new one of the same settings."""
        with LOCK:
            control = self.control
            is_over = control.is_over  # the state follows later, so it does not decide
        if is_over:
            run = TrainingRun.again(control.run.settings)
            self._begin(lambda state: state.with_run(run), control)
        self.control.start()

    def pause(self) -> None:
        """Pause after the current step."""
        self.control.pause()

    def step(self) -> None:
        """Make exactly one step, and stay paused."""
        self.control.step()

    def stop(self) -> None:
        """End the run after the current step; what it recorded stays."""
        self.control.stop()

    def wait(self) -> "FlightRecorder":
        """Wait until the run's thread has ended; a KeyboardInterrupt pauses the run."""
        self.control.wait()
        return self

    def compare_with(self, record: RunRecord | TrainingRun) -> None:
        """Draw a run of `record_run` behind this one, and say where both part.

        A run of another seed is refused in a sentence.
        """
        run = self.state.run
        try:  # the lock is not held, for it may take seconds
            parting = Parting.of(compare_runs(run, record))
        except Exception as error:
            self.update(_fail, error)
            return
        self.update(self._with_other, record_of("record", record), run, parting)

    def _with_other(
        self, state: FlightState, record: RunRecord, run: TrainingRun, parting: Parting
    ) -> FlightState:
        state = state.with_earlier(record)
        is_same_run = state.run is run  # else another began meanwhile
        other = state.name_of(record)
        return replace(state, other=other, parting=parting if is_same_run else None)

    def _begin(self, change: Callable[[FlightState], FlightState], replaced: RunControl) -> None:
        """Change to another run, after the present one's end; only one press can replace it."""
        replaced.stop()
        replaced.wait()
        with LOCK:
            if self.control is not replaced:
                return
            self._samples.clear()
            self.update(change)
            self.control = self._control_of(self.state)
            self.update(self._followed)

    def _on_text(self, name: str) -> None:
        if name != self.state.run.settings.corpus.name:
            self._begin_with(name, self.state.run.settings.switch_name)

    def _on_run(self, name: str) -> None:
        if name != self.state.run.settings.switch_name:
            self._begin_with(self.state.run.settings.corpus.name, name)

    def _begin_with(self, text_name: str, switch: str) -> None:
        control = self.control
        if text_name not in self._corpora:
            self._corpora[text_name] = load_corpus(text_name)
        corpus = self._corpora[text_name]
        settings = replace(self.state.run.settings, corpus=corpus, switch_name=switch)
        self._begin(lambda state: state.with_settings(settings), control)
        self._compare()
        self.draw_still_later()

    def _on_compare(self, name: str) -> None:
        other = "" if name == NONE else name
        if other != self.state.other:
            self.update(replace, other=other, parting=None)
            self._compare()
            self.draw_still_later()

    def _compare(self) -> None:
        """Find where the run and the other part, unless that is known; never raise.

        The lock is not held, for it may take seconds.
        """
        state, other = self.state, self.state.other_record
        if other is None or len(state.run.record) < MIN_COMPARED:
            return
        steps = min(len(state.run.record), len(other))
        if state.parting is not None and state.parting.covers(steps):
            return
        try:
            parting = Parting.of(compare_runs(state.run, other))
        except MicrogptError as error:
            parting = Parting(str(error))
        except Exception as error:
            record_error(self, error)
            parting = Parting(f"The runs cannot be compared: {type(error).__name__}: {error}.")
        self.update(self._with_parting, state, parting)

    def _with_parting(
        self, state: FlightState, compared: FlightState, parting: Parting
    ) -> FlightState:
        is_same = state.run is compared.run and state.other == compared.other
        return replace(state, parting=parting) if is_same else state

    def _on_slider(self, number: float, maximum: float) -> None:
        self.on_move("step", self._at, int(number), self.slider.box.value == number)

    def _at(self, state: FlightState, step: int, is_typed: bool) -> FlightState:
        return self._changed(state.with_step(step, is_typed))

    def _on_change(self) -> None:
        """Draw what the run has done, on whichever thread it is made; never raise."""
        self.update(self._followed)
        if self.control.status != "running":
            self._compare()
            self.settle_guarded()

    def _on_error(self, error: Exception) -> None:
        record_error(self, error)

    def _followed(self, state: FlightState) -> FlightState:
        control = self.control
        return self._changed(
            state, status=control.status, error=control.error,
            seconds_per_step=control.seconds_per_step,
        )  # fmt: skip

    def _changed(self, state: FlightState, **changes: Any) -> FlightState:
        """Return the state with changes, and the sample of its snapshot."""
        state = replace(state, **changes)
        snapshots = state.run.record.snapshots
        if snapshots:
            index = len(snapshots) - 1 if state.shown is None else state.shown
            state = replace(state, sample=self._sample(state.run, index))
        return state

    def _sample(self, run: TrainingRun, index: int) -> tuple[str, ...]:
        key = id(run), index
        if key not in self._samples:
            self._samples[key] = write_sample(run, index)
        return self._samples[key]

    def sync_controls(self) -> None:
        with LOCK:
            super().sync_controls()
            self._sync_selects()
            state = self.state
            is_running, is_paused = state.status == "running", state.status == "paused"
            self.start_button.description = "Go on" if is_paused else "Start"
            for control, is_possible in (
                (self.start_button, not is_running), (self.pause_button, is_running),
                (self.step_button, is_paused or state.status == "ready"),
                (self.stop_button, is_running or is_paused),
            ):  # fmt: skip
                control.disabled = not is_possible
            for control, is_first in (
                (self.start_button, not is_running), (self.pause_button, is_running),
            ):  # fmt: skip
                (control.add_class if is_first else control.remove_class)("mg-primary")
            if not self.is_waiting("step"):
                self.slider.value = state.shown_step

    def _sync_selects(self) -> None:
        state, settings = self.state, self.state.run.settings
        self.text_select.value, self.run_select.value = settings.corpus.name, settings.switch_name
        options = [NONE, *state.comparable()]
        if list(self.compare_select.options) != options:
            self.compare_select.options = options
        self.compare_select.value = state.other if state.other in options else NONE


def _dropdown(label: str, options: list[str]) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=options, value=options[0], description=label)


def _fail(state: FlightState, error: Exception) -> FlightState:
    raise error


def _render(state: FlightState, before: FlightState | None) -> Rendered:
    return render_flight(state.flight())


def _draw_still(state: FlightState) -> Drawing:
    return draw_flight_still(state.flight())
