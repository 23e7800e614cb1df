"""`CircuitFormation`: it opens where the loss falls, and a slider goes through the snapshots."""

import pytest

import microgpt as mg
from microgpt.widgets.circuit_formation import with_snapshot
from microgpt.widgets.induction_training import train_induction

STEPS = 60


@pytest.fixture
def view():
    yield mg.widgets.CircuitFormation(STEPS)
    assert mg.widgets.errors() == []


def test_it_opens_in_the_middle_of_the_fall(view):
    start, end = view.state.fall
    assert view.state.snapshot == (start + end) // 2 == view.slider.value
    assert f"after {view.state.step} steps?" in view.picture.value
    assert view.png().startswith(b"\x89PNG")


def test_it_shows_the_history(view):
    history = train_induction(STEPS)
    assert view.state.losses is history.losses
    assert f"<b>{history.losses[view.state.snapshot]:.2f}</b>" in view.picture.value
    letters = view.state.letters
    assert len(letters) == len(history.example)
    assert view.state.next_letter == letters[view.state.came_next]


def test_the_slider_goes_through_the_snapshots(view):
    view.slider.slider.value = 0
    assert "Can it copy before training?" in view.picture.value
    view.slider.slider.value = len(view.state.steps) - 1
    assert f"after {STEPS} steps?" in view.picture.value
    view.numbers.toggle.value = True
    assert view.numbers.content.value.count("<tr>") == 1 + len(view.state.steps)


def test_a_snapshot_that_does_not_exist_is_the_nearest(view):
    assert with_snapshot(view.state, 99).step == STEPS
    assert with_snapshot(view.state, -1).step == 0
