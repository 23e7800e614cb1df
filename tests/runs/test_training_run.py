"""Recorded runs: what they keep, that they can be made again, and what their lines are."""

from dataclasses import fields, replace
from itertools import pairwise
from math import log

import numpy as np
import pytest

import microgpt as mg
from microgpt.runs import HEALTHY, SWITCHES, RunSettings, TrainingRun
from microgpt.runs.run_record import MAX_SNAPSHOTS, choose_snapshot_steps
from microgpt.training.evaluation import losses_per_token


@pytest.fixture(scope="module")
def record():
    return mg.record_run(until=12, steps=40, backend="numpy")


def test_a_row_for_every_step_and_snapshots_on_the_way(record):
    assert len(record) == len(record.losses) == len(record.update_ratios) == 12
    assert record.update_ratios.shape == (12, 4)
    assert (record.update_ratios > 0).all()
    assert [one.step for one in record.snapshots] == [
        step for step in choose_snapshot_steps(40) if step <= 12
    ]
    assert record.mean_loss() == pytest.approx(record.losses.mean())
    assert record.mean_loss(3) == pytest.approx(record.losses[:3].mean())
    assert "12 of 40 steps" in repr(record)


def test_snapshots_are_dense_at_first_and_even_later():
    steps = choose_snapshot_steps(1500)
    assert len(steps) <= MAX_SNAPSHOTS
    assert (steps[0], steps[1], steps[-1]) == (0, 1, 1500)
    early = [step for step in steps if 10 <= step <= 100]
    ratios = np.divide(early[1:], early[:-1])
    assert ratios.max() < 1.5 * ratios.min()
    gaps = np.diff([step for step in steps if step >= 100])
    assert gaps.max() - gaps.min() <= 1
    for short in (1, 2, 7, 30, 101):
        few = choose_snapshot_steps(short)
        assert (few[0], few[-1]) == (0, short)
        assert list(few) == sorted(set(few))
        assert len(few) <= MAX_SNAPSHOTS


def test_the_default_run_fits_into_40_mb(record):
    snapshot = record.snapshots[0]
    per_snapshot = sum(
        array.nbytes for array in (snapshot.weights, snapshot.held_out_rows, snapshot.training_rows)
    )
    assert MAX_SNAPSHOTS * per_snapshot + mg.runs.STEPS * record.rows[0].nbytes < 40e6
    assert record.nbytes >= len(record.snapshots) * per_snapshot


def test_pausing_changes_no_bit_and_earlier_rows_stay(record):
    run = TrainingRun(steps=40, backend="numpy")
    for _ in range(5):
        run.advance()
    seen, kept = run.record.losses, run.record.losses.copy()
    run.run(until=12)
    np.testing.assert_array_equal(run.record.rows, record.rows)
    np.testing.assert_array_equal(seen, kept)
    for ours, theirs in zip(run.record.snapshots, record.snapshots, strict=True):
        np.testing.assert_array_equal(ours.weights, theirs.weights)
        assert ours.held_out == theirs.held_out


def test_a_run_ends_at_its_last_step():
    run = TrainingRun(steps=3, backend="numpy")
    run.run()
    assert run.is_finished
    run.advance()
    assert len(run.record) == 3
    assert run.record.snapshots[-1].step == 3


def test_a_run_can_be_told_to_stop():
    run, left = TrainingRun(steps=1_000_000, backend="numpy"), iter([False, False, True])
    run.run(stop=lambda: next(left))
    assert len(run.record) == 2


def test_a_snapshot_gives_its_model_back():
    run = TrainingRun(steps=4, backend="numpy")
    run.run()
    first, last = run.record.snapshots[0], run.record.snapshots[-1]
    rows = losses_per_token(run.model_at(first), *run.text.held_out).sum(axis=1)
    np.testing.assert_array_equal(rows, first.held_out_rows)
    np.testing.assert_array_equal(run.model_at(last).wte.weight.array, run.model.wte.weight.array)


def test_the_lines_are_counted_on_the_training_text_and_shown_on_the_held_out_rows():
    corpus = mg.load_corpus("story")
    run = TrainingRun(corpus, steps=1, backend="numpy")
    train, _ = corpus.split(0.1)
    text, (tokens, targets) = train[0], run.text.held_out
    letters = [run.text.tokenizer.decode([i]) for i in targets.ravel()]
    before = [run.text.tokenizer.decode([i]) for i in tokens.ravel()]
    V = run.text.vocab_size
    single = [
        -log((text[1:].count(letter) + 0.3) / (len(text) - 1 + 0.3 * V)) for letter in letters
    ]
    assert run.record.baseline("letters").loss == pytest.approx(np.mean(single))
    pairs = {}
    for a, b in pairwise(text):
        pairs[a, b] = pairs.get((a, b), 0) + 1
    starts = {}
    for (a, _), n in pairs.items():
        starts[a] = starts.get(a, 0) + n
    double = [
        -log((pairs.get((a, b), 0) + 0.3) / (starts.get(a, 0) + 0.3 * V))
        for a, b in zip(before, letters, strict=True)
    ]
    assert run.record.baseline("pairs").loss == pytest.approx(np.mean(double))
    assert run.record.baselines[0].loss == pytest.approx(log(V))


def test_the_lines_of_another_corpus_are_its_own():
    names = TrainingRun("names-mini", steps=2, backend="numpy")
    assert names.record.baselines[0].loss == pytest.approx(log(27))
    losses = [line.loss for line in names.record.baselines]
    assert losses == sorted(losses, reverse=True)
    assert names.run().snapshots[-1].held_out.tokens > 1000
    few = TrainingRun(mg.load_corpus(text="anna\nbert\ncleo"), steps=2, backend="numpy").run()
    assert np.isfinite(few.losses).all()
    assert few.verdict().reason


def test_every_switch_changes_one_thing():
    healthy = SWITCHES[HEALTHY]
    names = [field.name for field in fields(healthy) if field.name not in ("name", "symptom")]
    for switch in SWITCHES.values():
        base = SWITCHES["lr × 10, with warm-up"] if "without" in switch.name else healthy
        changed = [name for name in names if getattr(switch, name) != getattr(base, name)]
        assert len(changed) == (switch is not healthy)
        assert switch.symptom


def test_what_the_switches_do():
    def first(name, count=1):
        run = TrainingRun(switch=name, backend="numpy")
        return run, [run.text.next_batch() for _ in range(count)]

    healthy, ((tokens, targets),) = first("healthy")
    _, ((same_tokens, same),) = first("targets not shifted")
    np.testing.assert_array_equal(same, same_tokens)
    np.testing.assert_array_equal(same_tokens, tokens)
    _, ((_, shuffled),) = first("targets shuffled")
    assert (shuffled != targets).mean() > 0.5
    np.testing.assert_array_equal(np.sort(shuffled.ravel()), np.sort(targets.ravel()))
    large, _ = first("init × 10")
    np.testing.assert_allclose(
        large.model.wte.weight.array, 10 * healthy.model.wte.weight.array, rtol=1e-6
    )
    rates = {name: TrainingRun(switch=name).lr_schedule for name in SWITCHES}
    for step in (0, 10, 100, 1000):
        assert rates["lr × 100"](step) == pytest.approx(100 * rates["healthy"](step))
        assert rates["lr ÷ 30"](step) == pytest.approx(rates["healthy"](step) / 30)
    assert rates["lr × 10, without warm-up"](0) > 20 * rates["lr × 10, with warm-up"](0)
    assert TrainingRun(switch="no clipping").settings.grad_clip == float("inf")


def test_gradients_that_are_not_zeroed_add_up_unclipped():
    run = TrainingRun(switch="gradients not zeroed", backend="numpy")
    total = 0.0
    for _ in range(3):
        alone = TrainingRun.again(run.settings)
        alone.model.load_state_dict(run.model.state_dict())
        batch = run.text.next_batch()
        alone.backward(*batch)
        total = total + alone.gradients()["lm_head.weight"]
        run.backward(*batch)
        before = run.gradients()["lm_head.weight"].copy()
        run.update()
        np.testing.assert_array_equal(run.gradients()["lm_head.weight"], before)
        np.testing.assert_allclose(before, total, rtol=1e-4, atol=1e-6)


def test_a_loss_that_is_not_a_number_ends_the_run(monkeypatch):
    run = TrainingRun(steps=5, backend="numpy")
    run.run(until=2)
    monkeypatch.setattr(run, "backward", lambda *batch: float("nan"))
    with pytest.raises(
        mg.StateError, match=r"became nan at step 3, .* cannot go on; make a new one"
    ):
        run.advance()
    assert len(run.record) == 2
    monkeypatch.undo()  # its batch is gone, so what followed would be another run
    for go_on in (run.advance, run.run):
        with pytest.raises(mg.StateError, match="became nan at step 3"):
            go_on()
    assert len(run.record) == 2


def test_before_the_first_step_there_is_nothing_to_judge():
    run = TrainingRun(steps=5, backend="numpy")
    for ask in (run.record.mean_loss, run.record.verdict, run.record.loss_history):
        with pytest.raises(mg.StateError, match="make a step first"):
            ask()
    assert "0 of 5 steps" in repr(run)
    run.advance()
    assert run.record.verdict().label == "too early"


def test_steps_and_snapshots_that_do_not_exist_are_one_sentence(record):
    for step in (0, -1, 13, "x"):
        with pytest.raises(mg.SettingError, match="step must be an integer from 1 to 12"):
            record.mean_loss(step)
    for number in (0, len(record.snapshots) + 1, 1.5):
        with pytest.raises(mg.SettingError, match="num_snapshots must be an integer from 1 to"):
            record.verdict(number)
    for until in (-3, "x", 2.5):
        with pytest.raises(mg.SettingError, match="until must be a non-negative integer"):
            mg.record_run(until=until, backend="numpy")


def test_what_a_record_hands_out_cannot_be_written_to(record):
    first = record.snapshots[0]
    for array in (
        record.rows, record.losses, record.lrs, record.grad_norms, record.update_ratios,
        first.weights, first.held_out_rows, first.training_rows,
    ):  # fmt: skip
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


def test_the_name_of_a_run_beside_another():
    story = TrainingRun(steps=5, backend="numpy").settings
    assert story.name_beside(story) == "healthy"
    assert replace(story, switch_name="lr ÷ 30").name_beside(story) == "lr ÷ 30"
    names = mg.load_corpus("names-mini")
    other = RunSettings(names, steps=1000, seed=3, backend="numba")
    assert other.name_beside(story) == "healthy, names-mini, 1,000 steps, seed 3, numba"
    assert story.name_beside(other) == "healthy, story, 5 steps, seed 0, numpy"


def test_wrong_settings_are_one_sentence():
    with pytest.raises(mg.SettingError, match="switch"):
        TrainingRun(switch="lr x 100")
    with pytest.raises(mg.SettingError, match="steps"):
        TrainingRun(steps=0)
    with pytest.raises(mg.SettingError, match="corpus must be a name"):
        TrainingRun(7)


@pytest.mark.slow
def test_both_back_ends_and_one_or_two_threads_give_the_same_curve():
    import numba

    curves = [mg.record_run(until=100, backend="numpy").losses]
    threads = numba.get_num_threads()
    try:
        for number in {1, threads}:
            numba.set_num_threads(number)
            curves.append(mg.record_run(until=100, backend="numba").losses)
    finally:
        numba.set_num_threads(threads)
    for curve in curves[1:]:
        np.testing.assert_allclose(curve, curves[0], rtol=1e-5)
    np.testing.assert_array_equal(curves[1], curves[-1])


def test_the_exact_update_is_what_the_weights_lost():
    run = TrainingRun(switch="lr × 100", backend="numpy")
    run.run(until=2)
    run.backward(*run.text.next_batch())
    update = run.update()
    for name, exact in update.exact.items():
        lost = update.before[name].astype(np.float64) - run.parameters[name].array
        np.testing.assert_allclose(exact, lost, atol=1e-7)
        assert abs(exact).max() > 1e-3
    mlp = [name for name in update.before if ".mlp." in name]
    lengths = [
        np.sqrt(sum((arrays[name].astype(np.float64) ** 2).sum() for name in mlp))
        for arrays in (update.exact, update.before)
    ]
    assert update.ratios[2] == pytest.approx(lengths[0] / lengths[1], rel=1e-4)
