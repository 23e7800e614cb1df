"""The state of the training view."""

from training_runs import NAN, training_run

from microgpt.viz.training import BigramBaseline, Snapshot


def test_a_snapshot_replaces_that_of_the_same_step():
    progress = training_run(3.3, 2.8)
    again = progress.with_snapshot(Snapshot(10, 2.5, 0.1, ()))
    assert [(one.step, one.loss) for one in again.snapshots] == [(0, 3.3), (10, 2.5)]
    earlier = again.with_snapshot(Snapshot(5, 3.0, 0.1, ()))
    assert [one.step for one in earlier.snapshots] == [0, 5, 10]
    assert earlier.steps_done == 5


def test_snapshots_without_a_loss_are_not_evaluated():
    assert [one.loss for one in training_run(NAN, 2.8).evaluated] == [2.8]


def test_the_vocabulary_has_as_many_tokens_as_uniform_guessing_chooses_among():
    assert training_run().vocab_size == 27


def test_a_baseline_is_compared_once_the_difference_is_known():
    assert not BigramBaseline(2.6).is_compared
    assert BigramBaseline(2.6, -0.1, 0.1).is_compared
