"""A run on a thread: start, pause, step, stop, and what a run in the foreground does."""

import itertools
import threading

import pytest
from waiting import wait_until

import microgpt as mg
from microgpt.runs import TrainingRun
from microgpt.widgets import run_control
from microgpt.widgets.run_control import RunControl

RUN_IDS = itertools.count()


class StandIn:
    """A run whose steps cost nothing."""

    def __init__(self, steps=1_000_000):
        self.steps, self.done = steps, 0

    @property
    def is_finished(self):
        return self.done >= self.steps

    def advance(self):
        self.done += 1


def control_of(run, live=True):
    errors, changes = [], []
    cell = (f"control {next(RUN_IDS)}", "run") if live else None
    control = RunControl(run, lambda: changes.append(control.status), errors.append, cell)
    return control, changes, errors


def test_in_the_foreground_it_runs_to_its_end():
    run = StandIn(5)
    control, changes, errors = control_of(run, live=False)
    control.start()
    assert (run.done, control.status, errors) == (5, "finished", [])
    assert changes[-1] == "finished"
    control.start()
    assert run.done == 5


def test_the_seconds_of_a_step_are_those_of_the_latest_steps(monkeypatch):
    now, measured = [0.0], run_control.MEASURED_STEPS

    class Timed(StandIn):
        def advance(self):
            super().advance()
            now[0] += 60.0 if self.done == 1 else 2.0 if self.done < 100 else 0.5

    monkeypatch.setattr(run_control.time, "monotonic", lambda: now[0])
    measured_after = {}
    for steps in (measured, measured + 1, 90, 300):
        control, _, _ = control_of(Timed(steps), live=False)
        control.start()
        measured_after[steps] = control.seconds_per_step
    assert measured_after == {measured: None, measured + 1: 2.0, 90: 2.0, 300: 0.5}


def test_step_makes_exactly_one():
    run = StandIn()
    control, _, _ = control_of(run)
    for number in (1, 2, 3):
        control.step()
        assert (run.done, control.status) == (number, "paused")
    control.start()
    wait_until(lambda: run.done > 10)
    control.step()  # ignored while it runs
    control.pause()
    control.wait()
    paused_at = run.done
    control.step()
    assert run.done == paused_at + 1
    control.start()
    wait_until(lambda: run.done > paused_at + 10)
    control.stop()
    control.wait()
    assert control.status == "stopped"


@pytest.mark.parametrize("pause_first", [False, True])
def test_a_run_that_was_stopped_does_not_go_on(pause_first):
    run = StandIn()
    control, _, _ = control_of(run)
    control.start()
    wait_until(lambda: run.done > 3)
    if pause_first:
        control.pause()
        control.wait()
        assert control.status == "paused"
    control.stop()
    control.wait()
    done = run.done
    control.step()
    control.start()
    assert (control.status, run.done) == ("stopped", done)


def test_pause_then_start_at_once_goes_on_with_one_thread():
    run = StandIn()
    control, _, _ = control_of(run)
    for _ in range(20):
        control.start()
        control.pause()
    control.start()
    done = run.done
    wait_until(lambda: run.done > done + 5)
    control.pause()
    control.wait()
    assert control.status == "paused"
    assert threading.active_count() < 20


def test_stop_waits_for_no_more_than_the_step_in_progress():
    run = StandIn()
    control, _, _ = control_of(run)
    control.start()
    wait_until(lambda: run.done > 3)
    control.stop()
    done = run.done
    control.wait()
    assert run.done <= done + 1


def test_an_error_of_the_learner_and_one_inside(monkeypatch):
    run = StandIn()
    control, _, errors = control_of(run, live=False)
    run.advance = lambda: (_ for _ in ()).throw(mg.StateError("the loss became nan"))
    control.start()
    assert (control.status, control.error, errors) == ("failed", "the loss became nan", [])
    control, _, errors = control_of(run, live=False)
    run.advance = lambda: 1 / 0
    control.step()
    assert control.status == "failed"
    assert "ZeroDivisionError" in control.error
    assert len(errors) == 1


def test_an_interrupt_in_the_foreground_pauses():
    run = StandIn()

    def interrupted():
        if run.done == 3:
            raise KeyboardInterrupt
        run.done += 1

    run.advance = interrupted
    control, _, _ = control_of(run, live=False)
    control.start()
    assert (control.status, run.done) == ("paused", 3)


def test_pausing_a_real_run_changes_no_bit():
    paused, straight = (TrainingRun(steps=30, backend="numpy") for _ in range(2))
    control, _, _ = control_of(paused)
    control.step()
    control.start()
    wait_until(lambda: len(paused.record) > 4)
    control.pause()
    control.step()
    control.start()
    control.wait()
    assert control.status == "finished"
    assert (straight.run().rows == paused.record.rows).all()
