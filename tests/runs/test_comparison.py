"""Where two runs part, against a comparison of everything that is stored for every step."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.runs import SWITCHES, TrainingRun, comparison


def everything(switch, steps):
    """All tensors of a run, in order: (step, stage, name) -> array."""
    run = TrainingRun(switch=switch, backend="numpy")
    stored = {(0, "weights before the first step", n): w.numpy().copy()
              for n, w in run.model.named_parameters()}  # fmt: skip
    for step in range(1, steps + 1):
        tokens, targets = run.text.next_batch()
        stored[step, "batch", "tokens"], stored[step, "batch", "targets"] = tokens, targets
        for name, array in mg.activations(run.model, tokens).items():
            if name != "tokens":
                stored[step, "forward pass", name] = array
        stored[step, "loss", "loss"] = np.array(run.backward(tokens, targets))
        for name, weight in run.model.named_parameters():
            stored[step, "gradient", name] = weight.grad.copy()
        before = {n: w.numpy().astype(np.float64) for n, w in run.model.named_parameters()}
        run.update()
        lr, t = run.optimizer.lr, step
        m, v = (
            run.optimizer.exp_avgs[0] / (1 - 0.9**t),
            run.optimizer.exp_avg_sqs[0] / (1 - 0.99**t),
        )
        adam, start = lr * m / (np.sqrt(v) + 1e-8), 0
        for name, weight in run.model.named_parameters():
            part = adam[start : start + weight.size].reshape(weight.shape)
            stored[step, "update", name] = part + lr * 0.1 * before[name]
            start += weight.size
        for name, weight in run.model.named_parameters():
            stored[step, "weights", name] = weight.numpy().copy()
    return stored


@pytest.fixture(scope="module")
def healthy():
    return mg.record_run(until=16, backend="numpy")


@pytest.fixture(scope="module")
def stored():
    return everything("healthy", 3)


@pytest.mark.parametrize(
    "switch", [name for name in SWITCHES if name not in ("healthy", "no clipping")]
)
def test_runs_part_where_a_comparison_of_everything_says(switch, healthy, stored):
    found = mg.compare_runs(mg.record_run(switch=switch, until=3, backend="numpy"), healthy)
    for key, array in everything(switch, 3).items():
        difference = np.linalg.norm(np.subtract(array, stored[key], dtype=float))
        if difference > 1e-6 * np.linalg.norm(stored[key].astype(float)):
            break
    assert (found.step, found.stage, found.tensor) == key


@pytest.mark.slow
def test_a_run_that_is_not_clipped_parts_when_a_gradient_first_is(healthy):
    without = mg.record_run(switch="no clipping", until=16, backend="numpy")
    first = int(np.flatnonzero(healthy.grad_norms > 1)[0]) + 1
    found = mg.compare_runs(without, healthy)
    assert (found.step, found.stage) == (first, "update")
    assert found.loss_step == first + 1


def test_where_the_four_best_known_mistakes_begin(healthy):
    def parts(switch):
        found = mg.compare_runs(mg.record_run(switch=switch, until=3, backend="numpy"), healthy)
        return found.step, found.stage, found.tensor, found.loss_step

    assert parts("init × 10") == (0, "weights before the first step", "wte.weight", 1)
    assert parts("targets not shifted") == (1, "batch", "targets", 1)
    assert parts("lr × 100") == (1, "update", "wte.weight", 2)
    assert parts("gradients not zeroed") == (2, "gradient", "wte.weight", 3)


def test_equal_runs_do_not_part(healthy):
    again = mg.record_run(until=5, backend="numpy")
    found = mg.compare_runs(again, healthy)
    assert (found.first, found.rounding, found.step, found.tensor) == (None, None, None, None)
    assert repr(found) == "“healthy” and “healthy” do not part in 5 steps."


@pytest.mark.parametrize(("text", "switch"), [("story", "healthy"), ("names-mini", "lr × 100")])
def test_two_back_ends_differ_by_rounding_only(text, switch):
    runs = [
        mg.record_run(text, switch, until=4, seed=3, backend=name) for name in ("numba", "numpy")
    ]
    found = mg.compare_runs(*runs)
    assert (found.first, found.loss_step) == (None, None)
    assert (found.rounding.step, found.rounding.stage) == (1, "forward pass")
    assert 0 < found.rounding.relative_diff < 1e-5
    assert repr(found).startswith(
        f"“{switch}, numba” and “{switch}, numpy” do not part in 4 steps. Rounding only, first at "
    )


def test_two_back_ends_part_where_the_switch_says(healthy):
    other = mg.record_run(switch="gradients not zeroed", until=4, backend="numba")
    found = mg.compare_runs(other, healthy)
    assert (found.step, found.stage, found.loss_step) == (2, "gradient", 3)
    assert "“gradients not zeroed, numba” and “healthy, numpy” part at step 2" in repr(found)


def test_the_relative_difference_is_the_same_in_either_order(healthy):
    large = mg.record_run(switch="lr × 100", until=2, backend="numpy")
    there, back = mg.compare_runs(large, healthy), mg.compare_runs(healthy, large)
    assert there.first == back.first
    assert there.first.relative_diff == pytest.approx(0.99, abs=0.001)
    assert there.loss_step == back.loss_step == 2


def test_stages_follow_each_other_as_the_tensors_of_a_step_do(healthy):
    other = mg.record_run(switch="lr × 100", until=2, backend="numpy")
    stages = [one.stage for one in comparison._differences([other, healthy], 2)]
    order = list(comparison.STAGES)
    indices = [order.index(stage) for stage in dict.fromkeys(stages)]
    assert indices[:2] == [order.index("update"), order.index("weights")]
    assert set(stages) == {"forward pass", "loss", "gradient", "update", "weights"}


def test_the_sentence(healthy):
    not_zeroed = mg.record_run(switch="gradients not zeroed", until=4, backend="numpy")
    sentence = repr(mg.compare_runs(not_zeroed, healthy))
    assert sentence.startswith(
        "“gradients not zeroed” and “healthy” part at step 2, in the gradient of wte.weight"
    )
    assert "the losses differ from step 3" in sentence


def test_runs_of_other_seeds_and_texts_are_refused_in_a_sentence(healthy):
    with pytest.raises(mg.SettingError, match=r"seed 0, as a has; got the seed 1; .* before the"):
        mg.compare_runs(healthy, mg.record_run(seed=1, until=1, backend="numpy"))
    with pytest.raises(mg.SettingError, match="one on 'names-mini'"):
        mg.compare_runs(healthy, mg.record_run("names-mini", until=1, backend="numpy"))
    with pytest.raises(mg.SettingError, match="a must be a recorded run"):
        mg.compare_runs([1.0], healthy)
    with pytest.raises(mg.SettingError, match="1,500 planned steps, as a is; got one of 40"):
        mg.compare_runs(healthy, mg.record_run(steps=40, until=1, backend="numpy"))


def test_a_run_is_taken_for_its_record(healthy):
    run = TrainingRun(switch="init × 10", backend="numpy")
    assert mg.compare_runs(run, healthy).step == 0  # before either has made a step


def test_a_run_that_comes_out_otherwise_the_second_time_is_refused(healthy, monkeypatch):
    backward = TrainingRun.backward
    with monkeypatch.context() as changed:
        changed.setattr(TrainingRun, "backward", lambda *args: backward(*args) + 0.1)
        other = mg.record_run(switch="lr × 100", until=3, backend="numpy")
    with pytest.raises(mg.StateError, match=r"was 4.2.* and is now 4.1.*own"):
        mg.compare_runs(other, healthy)
