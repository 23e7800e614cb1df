"""The flight recorder beside a notebook and in a script."""

import itertools
import random
import threading
from dataclasses import replace

import numpy as np
import pytest
from waiting import wait_until

import microgpt as mg
from microgpt.runs.verdict import RULES
from microgpt.widgets import flight_recorder as module
from microgpt.widgets import flight_state, panel, view_memory
from microgpt.widgets.flight_recorder import FlightRecorder

CELLS = itertools.count()


@pytest.fixture
def live(monkeypatch):
    """Make recorders as in a live notebook, each in a run of one cell; stop them at the end."""
    cell, runs, made = f"flight {next(CELLS)}", itertools.count(), []

    def make(*args, **kwargs):
        run = cell, str(next(runs))
        for one in (module, panel, view_memory):
            monkeypatch.setattr(one, "current_cell", lambda: run)
        made.append(FlightRecorder(*args, backend="numpy", **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.stop()
        one.wait()
    assert mg.widgets.errors() == []


@pytest.fixture(scope="module")
def finished():
    return FlightRecorder(steps=25, backend="numpy")


def test_in_a_script_it_makes_the_whole_run(finished):
    assert finished.state.status == "finished"
    assert len(finished.record) == 25
    assert "At step 25 the loss" in finished.caption
    assert finished.png().startswith(b"\x89PNG")
    assert len(finished.state.sample) == 5
    assert mg.widgets.errors() == []


def test_before_the_start_there_is_a_picture_and_a_sentence(live):
    view = live(steps=1_000_000)
    assert view.state.status == "ready"
    assert len(view.record) == 0
    assert view.caption.startswith("Press Start.")
    assert view.png().startswith(b"\x89PNG")
    assert view.stop_button.disabled
    assert not view.step_button.disabled


def test_the_buttons(live):
    view = live(steps=1_000_000)
    view.step_button.click()
    assert (len(view.record), view.state.status) == (1, "paused")
    assert view.start_button.description == "Go on"
    assert "At step 1 " in view.caption
    view.start_button.click()
    wait_until(lambda: len(view.record) > 3)
    assert view.start_button.disabled
    view.pause_button.click()
    view.wait()
    done = len(view.record)
    view.step_button.click()
    assert len(view.record) == done + 1
    view.stop_button.click()
    view.wait()
    assert view.state.status == "stopped"
    assert len(view.record) == done + 1
    assert view.step_button.disabled
    view.start_button.click()  # a new run; the other stays
    wait_until(lambda: len(view.record) > 0)
    assert len(view.state.comparable()["healthy"]) == done + 1


def test_pressed_twice_before_the_picture_follows_it_is_one_run(live):
    view = live(steps=1_000_000)
    view.step()
    run = view.state.run
    view.control.status = "running"  # of the first press, which the state has not followed yet
    view.start()
    assert (view.state.run, view.state.status) == (run, "paused")
    view.control.status = "paused"
    view.stop()
    threads = [threading.Thread(target=view.start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert view.state.run is not run
    assert [len(one) for one in view.state.earlier] == [1]


def test_a_press_that_comes_second_does_not_replace_the_new_run():
    view = FlightRecorder(steps=2, backend="numpy")
    ended, settings = view.control, view.state.run.settings
    first, second = (mg.runs.TrainingRun.again(settings) for _ in range(2))
    view._begin(lambda state: state.with_run(first), ended)
    view._begin(lambda state: state.with_run(second), ended)
    assert view.state.run is first


def test_a_cell_that_runs_again_stops_the_old_thread_and_keeps_the_run(live):
    view = live(steps=1_000_000)
    view.start_button.click()
    wait_until(lambda: len(view.record) > 2)
    again = live(steps=1_000_000)
    assert view.control._worker.is_stopping
    done = len(again.record)
    assert done > 2
    assert again.record is view.record
    assert again.state.status == "paused"
    again.step_button.click()
    assert len(again.record) == done + 1
    other = live(steps=1000)
    assert (other.state.status, len(other.record)) == ("ready", 0)


def test_looking_back_changes_nothing(finished):
    rows, losses = finished.record.rows.copy(), len(finished.record)
    before = [one.step for one in finished.record.snapshots][4]
    finished.slider.slider.value = before
    assert f"At step {before} the loss" in finished.caption
    assert f"at step {before}<" in finished.picture.value
    finished.slider.box.value = 0
    assert "Before the first step" in finished.caption
    finished.slider.slider.value = 25
    assert finished.state.at is None
    assert "At step 25" in finished.caption
    np.testing.assert_array_equal(finished.record.rows, rows)
    assert len(finished.record) == losses


def test_looking_back_computes_one_sample_and_only_once(finished, monkeypatch):
    written = []
    monkeypatch.setattr(module, "write_sample", lambda run, i: written.append(i) or ("a",) * 5)
    monkeypatch.setattr(mg.runs.TrainingRun, "advance", None)
    finished._samples.clear()
    for step in (3, 12, 3, 12, 25):
        finished.slider.slider.value = step
    assert len(written) == 3
    assert mg.widgets.errors() == []
    finished._samples.clear()


def test_two_runs_of_a_session_and_where_they_part():
    view = FlightRecorder(steps=8, backend="numpy")
    view.run_select.value = "gradients not zeroed"
    assert view.state.status == "ready"
    assert view.compare_select.options == ("none", "healthy")
    view.start_button.click()
    view.compare_select.value = "healthy"
    assert "part at step 2, in the gradient of wte.weight" in view.caption
    assert "the losses differ from step 3" in view.caption
    assert 'class="mg-other"' in view.picture.value
    view.compare_select.value = "none"
    assert "part at" not in view.caption
    view.run_select.value = "lr ÷ 30"
    assert view.compare_select.options == ("none", "healthy", "gradients not zeroed")
    assert all(not len(one.weights) for one in view.state.comparable()["healthy"].snapshots)


def test_a_run_of_another_seed_is_refused_in_a_sentence():
    view = FlightRecorder(steps=4, backend="numpy")
    before = view.state
    view.compare_with(mg.record_run(steps=4, seed=1, until=1, backend="numpy"))
    assert "a run with the seed 0, as a has; got the seed 1" in view.caption
    assert view.state is before
    view.compare_with(mg.record_run(switch="lr ÷ 30", steps=4, until=3, backend="numpy"))
    assert "part at step 1, in the update of wte.weight" in view.caption
    assert view.compare_select.value == view.state.other == "lr ÷ 30"


def test_a_comparison_is_made_once_and_without_the_lock(monkeypatch):
    from microgpt.backends import LOCK

    made = []

    def take_lock(taken):
        if LOCK.acquire(timeout=5):
            LOCK.release()
            taken.append(True)

    def compare(run, record):
        taken = []
        thread = threading.Thread(target=take_lock, args=(taken,))
        thread.start()
        thread.join()
        made.append(taken == [True])
        return compare_runs(run, record)

    view = FlightRecorder(steps=4, backend="numpy")
    view.run_select.value = "lr ÷ 30"
    view.start_button.click()
    compare_runs = mg.compare_runs
    monkeypatch.setattr(module, "compare_runs", compare)
    view.compare_select.value = "healthy"
    assert made == [True]
    assert "part at step 1, in the update" in view.caption
    view.slider.slider.value = 1
    assert made == [True]
    view.compare_with(view.state.comparable()["healthy"])
    assert made == [True, True]


def test_where_runs_part_is_looked_for_again_when_they_have_grown():
    view = FlightRecorder(steps=6, backend="numpy")
    again = mg.runs.TrainingRun.again(view.state.run.settings)
    view._begin(lambda state: state.with_run(again), view.control)
    for _ in range(3):
        view.step()
    view.compare_select.value = "healthy"
    assert "do not part in 3 steps" in view.caption
    view.step()
    assert "do not part in 4 steps" in view.caption
    view.start()
    assert "do not part in 6 steps" in view.caption


def test_earlier_runs_are_told_apart_by_all_their_settings(finished):
    state, settings = finished.state, finished.state.run.settings
    names = replace(settings, corpus=mg.load_corpus("names-mini"))
    for other in (
        settings, replace(settings, seed=3), replace(settings, backend="numba"), names,
        replace(settings, seed=3),
    ):  # fmt: skip
        record = mg.runs.TrainingRun.again(other).record
        state = state.with_earlier(record)
    assert list(state.comparable()) == ["healthy", "healthy, numba", "healthy, seed 3"]
    on_names = replace(state, run=mg.runs.TrainingRun.again(names))
    assert list(on_names.comparable()) == ["healthy"]


@pytest.mark.parametrize("name", ["compare_runs", "still"])
def test_what_fails_after_a_run_is_remembered_and_raises_nothing(live, monkeypatch, name):
    def fails(*args):
        raise ZeroDivisionError(name)

    remembered = []
    monkeypatch.setattr(panel, "_errors", remembered)
    view = live(steps=4)
    view.start()
    view.wait()
    view.start()
    view.wait()
    if name == "still":
        monkeypatch.setattr(view, "update_static_output", fails)
    else:
        monkeypatch.setattr(module, "compare_runs", fails)
        view.compare_select.value = "healthy"
        assert "The runs cannot be compared: ZeroDivisionError: compare_runs." in view.caption
    view._on_change()
    assert remembered == [f"FlightRecorder: ZeroDivisionError: {name}"]
    assert view.state.status == "finished"
    # The worker's last change may come after the test's own.
    monkeypatch.setattr(view, "update_static_output", lambda: None)
    view.wait()
    remembered.clear()


def test_handle_and_box_stand_at_a_snapshot_and_an_arrow_key_goes_to_the_next(finished):
    steps = [one.step for one in finished.record.snapshots]
    index = next(i for i in range(len(steps) - 1) if steps[i + 1] > steps[i] + 2)
    slider, box = finished.slider.slider, finished.slider.box
    for control in (slider, box):
        control.value = steps[index]
        for key, expected in ((1, 1), (1, 2), (-1, 1), (-1, 0), (-1, -1)):
            control.value += key
            assert slider.value == box.value == steps[index + expected]
            assert f"At step {steps[index + expected]} the loss" in finished.caption
            assert "no snapshot" not in finished.caption
    slider.value = 25
    slider.value += 1  # there is none after the last
    assert (slider.value, box.value, finished.state.at) == (25, 25, None)
    box.value = 0
    box.value -= 1
    assert (slider.value, box.value) == (0, 0)


def test_a_step_without_a_snapshot_goes_to_the_nearest_and_says_so(finished):
    steps = [one.step for one in finished.record.snapshots]
    index = next(i for i in range(len(steps) - 1) if steps[i + 1] > steps[i] + 2)
    slider, box = finished.slider.slider, finished.slider.box
    box.value = 2
    box.value = steps[index + 1] - 1
    said = f"There is no snapshot at step {steps[index + 1] - 1}; the nearest is this. At step"
    assert slider.value == box.value == steps[index + 1]
    assert finished.caption.startswith(said)
    box.value = 2
    assert "no snapshot" not in finished.caption
    slider.value = steps[index] + 1  # dragged past snapshots, which the handle then stands at
    assert slider.value == box.value == steps[index]
    assert "no snapshot" not in finished.caption
    slider.value = 25


def test_a_typed_step_is_told_only_while_the_nearest_snapshot_is_shown(live):
    view = live(steps=60)
    for _ in range(12):
        view.step()
    view.slider.box.value = 40
    note = "There is no snapshot at step 40; the nearest is this. At step"
    noted = {}  # by the number of steps made, whether the sentence stands
    while len(view.record) < 46:
        noted[len(view.record)] = view.caption.startswith(note)
        view.step()
    noted[46] = "no snapshot" in view.caption
    assert [step for step, is_noted in noted.items() if not is_noted] == [46]
    view.slider.box.value = 36
    assert view.caption.startswith(
        "There is no snapshot at step 36; the nearest is this. At step 35"
    )
    view.state = replace(view.state, at=46, typed=46)  # typed before there was its snapshot
    assert view.state.flight().note == ""


def test_a_run_that_has_ended_is_shown_again():
    view = FlightRecorder(steps=4, backend="numpy")
    first, picture = view.state.run, view.picture.value
    view.run_select.value = "lr ÷ 30"
    assert view.state.status == "ready"
    view.run_select.value = "healthy"
    assert view.state.run is first
    assert view.state.status == view.control.status == "finished"
    assert view.picture.value == picture
    assert view.compare_select.options == ("none",)  # not with itself
    view.start_button.click()  # a new one of the same settings
    assert view.state.run is not first
    assert view.compare_select.options == ("none", "healthy")
    view.text_select.value = "names-mini"
    view.text_select.value = "story"
    assert view.state.status == "finished"
    assert mg.widgets.errors() == []


def test_a_stopped_run_is_shown_again_as_it_was_left_and_start_makes_a_new_one(live):
    view = live(steps=1_000_000)
    for _ in range(3):
        view.step()
    view.run_select.value = "lr ÷ 30"
    view.run_select.value = "healthy"
    assert (view.state.status, len(view.record)) == ("stopped", 3)
    assert len(view.state.sample) == 5
    assert view.step_button.disabled
    view.start_button.click()
    view.pause_button.click()
    view.wait()
    assert view.state.status == "paused"
    assert len(view.state.ended) == 1


def test_only_the_latest_runs_are_kept_whole(monkeypatch):
    monkeypatch.setattr(flight_state, "MAX_ENDED", 2)
    view = FlightRecorder(steps=3, backend="numpy")
    for name in ("lr ÷ 30", "lr × 100", "init × 10"):
        view.run_select.value = name
        view.start_button.click()
    assert len(view.state.ended) == 2
    view.run_select.value = "healthy"
    assert view.state.status == "ready"
    assert "healthy" in view.compare_select.options


def test_compare_keeps_its_choice_while_that_run_exists():
    view = FlightRecorder(steps=4, backend="numpy")
    view.run_select.value = "lr ÷ 30"
    view.compare_select.value = "healthy"
    view.start_button.click()
    assert "“lr ÷ 30” and “healthy” part at step 1" in view.caption
    view.run_select.value = "lr × 100"
    assert view.compare_select.value == "healthy"
    assert 'class="mg-other"' in view.picture.value
    view.start_button.click()
    assert "“lr × 100” and “healthy” part at step 1" in view.caption
    view.run_select.value = "healthy"  # which is not compared with itself
    assert (view.compare_select.value, view.state.other_record) == ("none", None)
    assert "part at" not in view.caption
    view.run_select.value = "lr ÷ 30"
    assert view.compare_select.value == "healthy"
    assert "“lr ÷ 30” and “healthy” part at step 1" in view.caption
    view.text_select.value = "names-mini"
    assert view.compare_select.value == "none"
    assert mg.widgets.errors() == []


def test_the_time_left_is_that_of_the_steps_to_make(finished):
    state = replace(finished.state, seconds_per_step=0.5)
    assert state.seconds_left == 0.0
    longer = replace(state.run.settings, steps=35)
    record = mg.runs.TrainingRun.again(longer)
    assert replace(state, run=record).seconds_left == 17.5
    assert replace(state, seconds_per_step=None).flight().seconds_left is None


def test_while_it_runs_the_time_left_is_shown(live):
    view = live(steps=1_000_000)
    assert " left<" not in view.picture.value
    view.start_button.click()
    wait_until(lambda: " left<" in view.picture.value)
    assert view.state.seconds_per_step > 0
    view.pause_button.click()
    view.wait()
    assert " left<" not in view.picture.value


def test_the_symptom_of_a_switch_is_no_spoiler():
    symptom = mg.runs.SWITCHES["init × 10"].symptom
    view = FlightRecorder(steps=3, backend="numpy")
    view.run_select.value = "init × 10"
    assert symptom not in view.caption + view.picture.value
    view.start_button.click()
    assert symptom in view.caption


def test_the_numbers_name_the_rows_and_the_rule(finished):
    finished.numbers.toggle.value = True
    text = finished.numbers.content.value
    assert "31 windows of 64 letters of the held-out text" in text
    assert "32 windows of 64 letters of the training text" in text
    assert text.count("<li>") == len(RULES)
    finished.numbers.toggle.value = False
    names = mg.runs.TrainingRun("names-mini", backend="numpy").text
    assert names.rows_in_words() == (
        "256 of 5,969 training lines", "256 of 663 held-out lines",
    )  # fmt: skip


def test_run_all_while_dragging_leaves_the_same_final_picture(live, monkeypatch):
    monkeypatch.setattr(panel, "in_control_message", lambda: True)
    monkeypatch.setattr(module, "write_sample", lambda run, index: (str(index),) * 5)

    def picture(view):
        return view.picture.value.replace(view.view_id, "")

    view = live(steps=10)
    view.start()
    view.wait()
    view.slider.slider.value = 4
    wait_until(lambda: "At step 4 " in view.caption)
    rows, quiet = view.record.rows.copy(), picture(view)
    views, is_over = [view], threading.Event()

    def drag():
        rng = random.Random(0)
        while not is_over.is_set():
            views[-1].slider.slider.value = rng.randrange(11)

    dragging = threading.Thread(target=drag)
    dragging.start()
    while len(views) < 6:
        views.append(live(steps=10))
    is_over.set()
    dragging.join(60)
    last = views[-1]
    last.slider.slider.value = 4
    wait_until(lambda: picture(last) == quiet)
    np.testing.assert_array_equal(last.record.rows, rows)
    assert last.state.status == "finished"


def test_another_text_begins_anew_with_its_own_lines():
    view = FlightRecorder(steps=3, backend="numpy")
    view.text_select.value = "names-mini"
    assert view.state.status == "ready"
    assert "ln 27 3.30" in view.picture.value
    assert view.compare_select.options == ("none",)  # the other run is of another text
    view.start_button.click()
    assert view.state.status == "finished"
    assert mg.widgets.errors() == []


@pytest.mark.parametrize(
    "text", ["José\nŁukasz\n王芳\nanna", "a\nb\nc", "👩\u200d🚀\nسلام\n<b>x\n<i>"],
    ids=["scripts", "three", "signs"],
)  # fmt: skip
def test_any_list_is_recorded(text):
    view = FlightRecorder(mg.load_corpus(text=text), steps=5, backend="numpy")
    assert view.state.status == "finished"
    assert "<b>x" not in view.picture.value
    assert view.png().startswith(b"\x89PNG")
    assert mg.widgets.errors() == []


def test_wrong_arguments_are_one_sentence():
    with pytest.raises(mg.SettingError, match="switch"):
        FlightRecorder(switch="broken")
    with pytest.raises(mg.SettingError, match="steps"):
        FlightRecorder(steps=0)


def test_a_run_that_fails_says_so_and_can_be_started_again(monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(mg.runs.TrainingRun, "backward", lambda self, *batch: float("nan"))
        view = FlightRecorder(steps=4, backend="numpy")
    assert view.state.status == "failed"
    assert "the loss became nan at step 1" in view.caption
    view.start_button.click()
    assert view.state.status == "finished"
    assert mg.widgets.errors() == []


@pytest.mark.slow
def test_four_threads_that_press_everything_make_the_run_that_nobody_touched(live):
    view, failures = live(steps=100_000), []
    first_run = view.state.run

    def press(seed):
        rng = random.Random(seed)
        actions = (
            view.start_button.click, view.pause_button.click, view.step_button.click,
            lambda: setattr(view.slider.slider, "value", rng.randrange(60)),
            lambda: setattr(view.numbers.toggle, "value", rng.random() < 0.5),
            lambda: setattr(view.compare_select, "value", "none"),
        )  # fmt: skip
        try:
            for _ in range(25):
                rng.choice(actions)()
        except BaseException as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=press, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
        assert not thread.is_alive(), "a thread hangs"
    view.pause()
    view.wait()
    assert failures == []
    assert view.state.status in ("ready", "paused")
    assert view.state.run is first_run
    assert view.state.earlier == ()
    made = len(view.record)
    straight = mg.record_run(steps=100_000, until=made, backend="numpy")
    np.testing.assert_array_equal(straight.rows, view.record.rows)
