"""`CircuitFormation`: it opens where the loss has fallen; a slider goes through the snapshots."""

import pytest

import microgpt as mg
from microgpt.widgets.circuit_formation import with_snapshot
from microgpt.widgets.induction_training import train_induction

STEPS = 60


@pytest.fixture
def view():
    yield mg.widgets.CircuitFormation(STEPS)
    assert mg.widgets.errors() == []


def test_it_opens_at_the_end_of_the_fall(view):
    assert view.state.snapshot == view.state.fall[1]
    assert view.state.step == view.slider.value
    assert f"After {view.state.step} steps: how" in view.picture.value
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
    view.slider.slider.value = 25
    assert "After 25 steps: how" in view.picture.value
    view.slider.slider.value = STEPS
    assert f"After {STEPS} steps: how" in view.picture.value
    view.numbers.toggle.value = True
    assert view.numbers.content.value.count("<tr>") == 1 + len(view.state.steps)


def test_a_snapshot_that_does_not_exist_is_the_nearest(view):
    assert with_snapshot(view.state, 99).step == STEPS
    assert with_snapshot(view.state, 30).step == 25
    assert with_snapshot(view.state, -1).step == 0
