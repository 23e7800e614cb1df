"""A cell that runs again shows its finished training, and its new model has the trained weights."""

import gc
import itertools

import numpy as np
import pytest
from waiting import wait_until

import microgpt as mg
from microgpt.widgets import panel, training_monitor, view_memory
from microgpt.widgets.finished_training import (
    adopt_finished,
    remember_finished,
    training_fingerprint,
)
from microgpt.widgets.training_monitor import TrainingMonitor


@pytest.fixture(scope="module")
def names():
    return mg.load_corpus("names-mini")


@pytest.fixture
def run(monkeypatch):
    """Call a function as the next run of a cell, and wait for the training it returns."""
    runs, started = itertools.count(), []
    monkeypatch.setattr(view_memory, "_views_by_cell", {})

    def run(function, cell="cell", wait=True):
        ids = cell, f"run {next(runs)}"
        for module in (panel, view_memory, training_monitor):
            monkeypatch.setattr(module, "current_cell", lambda: ids)
        monitor = function()
        started.append(monitor.worker)
        return monitor.wait() if wait else monitor

    yield run
    for worker in filter(None, started):
        worker.stop()
    assert mg.widgets.errors() == []


def new_model(seed=0, **config):
    return mg.GPT(mg.GPTConfig.microgpt(**config), seed=seed, backend="numpy")


def same_weights(first, second):
    others = second.state_dict()
    return all(np.array_equal(array, others[name]) for name, array in first.state_dict().items())


def test_a_finished_training_is_shown_and_not_repeated(run, names, monkeypatch):
    first = run(lambda: TrainingMonitor(new_model(), names, steps=20))
    steps = []
    with monkeypatch.context() as patch:
        patch.setattr(mg.Trainer, "__next__", lambda self: steps.append(1))
        model = new_model()
        again = run(lambda: TrainingMonitor(model, names, steps=20))
    assert steps == []
    assert again.worker is None
    assert again.model is model is not first.model
    assert same_weights(model, first.model)
    assert not same_weights(model, new_model())
    assert again.trainer.history == first.trainer.history
    assert again.state == first.state
    assert again.caption == first.caption
    assert again.picture.value.replace(again.view_id, first.view_id) == first.picture.value
    assert again.stop_button.disabled
    assert again.resume_button.disabled
    assert again.perplexity() == first.perplexity()
    assert again.compare_to_baselines() == first.compare_to_baselines()
    third = run(lambda: TrainingMonitor(new_model(), names, steps=20))  # and again
    assert third.worker is None
    assert same_weights(third.model, first.model)


def test_a_model_that_took_over_a_training_is_a_trained_model(run, names):
    first = run(lambda: TrainingMonitor(new_model(), names, steps=20))
    model = new_model()
    run(lambda: TrainingMonitor(model, names, steps=20))
    again = run(lambda: TrainingMonitor(model, names, steps=20))  # the same object once more
    assert again.worker is None
    assert same_weights(model, first.model)


def test_the_new_trainer_could_go_on_as_the_earlier_one(run, names, tmp_path):
    """What it takes over is everything that a checkpoint of the training holds."""
    config = {"steps": 20, "eval_every": 10}
    first = run(lambda: TrainingMonitor(new_model(dropout=0.2), names, **config))
    again = run(lambda: TrainingMonitor(new_model(dropout=0.2), names, **config))
    assert again.worker is None
    files = []
    for name, monitor in (("first", first), ("again", again)):
        monitor.trainer.save(tmp_path / name)
        files.append((tmp_path / name / "training.safetensors").read_bytes())
    assert files[0] == files[1]
    assert again.trainer.best == first.trainer.best
    assert again.trainer.memorization_check("xqzj") == "new"


def test_the_same_model_object_that_is_trained_now_is_not_trained_again(run, names):
    """The cell may hold the view alone, and the line that makes the model stand in another one."""
    model = new_model()
    first = run(lambda: TrainingMonitor(model, names, steps=20))
    trained = model.state_dict()
    for _ in range(2):
        again = run(lambda: TrainingMonitor(model, names, steps=20))
        assert again.worker is None
        assert len(again.trainer.history) == 20
        assert again.state == first.state
        assert all(np.array_equal(model.state_dict()[name], trained[name]) for name in trained)


@pytest.mark.parametrize(
    "change",
    [
        lambda names: TrainingMonitor(new_model(), names, steps=21),
        lambda names: TrainingMonitor(new_model(), names, steps=20, lr=0.02),
        lambda names: TrainingMonitor(new_model(), names, steps=20, seed=7),
        lambda names: TrainingMonitor(new_model(seed=1), names, steps=20),
        lambda names: TrainingMonitor(new_model(n_embd=8), names, steps=20),
        lambda names: TrainingMonitor(
            new_model(), mg.load_corpus(text="\n".join(names[:6000])), steps=20
        ),
    ],
    ids=["steps", "lr", "seed", "initial weights", "width", "corpus"],
)
def test_what_changed_is_trained_anew(run, names, change):
    first = run(lambda: TrainingMonitor(new_model(), names, steps=20))
    again = run(lambda: change(names))
    assert again.worker is not None
    assert len(again.trainer.history) in (20, 21)
    assert again.model.config != first.model.config or not same_weights(again.model, first.model)


def test_token_ids_are_not_compared_for_their_number(run):
    tokens = np.random.default_rng(0).integers(0, 27, 500)
    for _ in range(2):
        assert run(lambda: TrainingMonitor(new_model(), tokens, steps=5)).worker is not None


def test_another_cell_trains_its_own(run, names):
    run(lambda: TrainingMonitor(new_model(), names, steps=20))
    other = run(lambda: TrainingMonitor(new_model(), names, steps=20), cell="other")
    assert other.worker is not None


def test_a_training_that_was_stopped_begins_anew(run, names):
    first = run(lambda: TrainingMonitor(new_model(), names, steps=100_000), wait=False)
    wait_until(lambda: len(first.trainer.history) > 5)
    first.stop_button.click()
    first.wait()
    assert first.state.status == "stopped"
    again = run(lambda: TrainingMonitor(new_model(), names, steps=100_000), wait=False)
    assert again.state.status == "training"
    assert again.worker is not None
    assert again.state.snapshots == () or again.state.snapshots[0].step == 0


def test_a_training_that_was_stopped_does_not_take_over_another_cells(run, names):
    run(lambda: TrainingMonitor(new_model(), names, steps=30))

    def stopped():
        monitor = TrainingMonitor(new_model(), names, steps=30)
        monitor.stop()
        return monitor

    assert run(stopped, cell="other").state.status == "stopped"
    again = run(lambda: TrainingMonitor(new_model(), names, steps=30), cell="other")
    assert again.state.status == "finished"
    assert [snapshot.step for snapshot in again.state.snapshots] == [0, 10, 30]


def test_a_training_that_still_runs_is_stopped_and_begins_anew(run, names):
    first = run(lambda: TrainingMonitor(new_model(), names, steps=100_000), wait=False)
    wait_until(lambda: len(first.trainer.history) > 5)
    again = run(lambda: TrainingMonitor(new_model(), names, steps=100_000), wait=False)
    assert not first.worker.thread.is_alive()
    assert again.worker.thread.is_alive()


def test_a_trained_model_whose_weights_were_changed_since_is_not_given_to_another(run, names):
    first = run(lambda: TrainingMonitor(new_model(), names, steps=20))
    first.model.wte.weight.data = first.model.wte.weight.numpy() + 1
    again = run(lambda: TrainingMonitor(new_model(), names, steps=20))
    assert again.worker is not None
    assert len(again.trainer.history) == 20


def test_outside_a_notebook_each_training_is_its_own(names):
    first = TrainingMonitor(new_model(), names, steps=5)
    model = first.model
    again = TrainingMonitor(model, names, steps=5)  # goes on with the trained weights
    assert len(again.trainer.history) == 5
    assert again.state.snapshots[0].loss == pytest.approx(first.state.snapshots[-1].loss)


def test_a_finished_training_is_remembered_no_longer_than_its_trainer(names):
    config = mg.TrainConfig(steps=3)
    trainer = mg.Trainer(new_model(), names, config)
    fingerprint = training_fingerprint(trainer)
    trainer.run()
    remember_finished(trainer, fingerprint)
    other = mg.Trainer(new_model(), names, config)
    assert training_fingerprint(other) == fingerprint
    assert adopt_finished(other, fingerprint)
    assert len(other.history) == 3
    del trainer, other
    gc.collect()
    third = mg.Trainer(new_model(), names, config)
    assert not adopt_finished(third, fingerprint)
    assert third.history == []


IN_A_KERNEL = """
import microgpt as mg
from microgpt.widgets import notebook_context
model = mg.GPT(mg.GPTConfig.microgpt(), seed=3, backend="numpy")
monitor = mg.widgets.TrainingMonitor(model, mg.load_corpus("names-mini"), steps=50)
monitor.wait()
weights = float(abs(model.wte.weight.numpy()).sum())
print(monitor.worker is None, len(monitor.trainer.history), weights,
      monitor.state.status, notebook_context.current_cell()[0])
"""


@pytest.mark.slow
def test_in_a_real_kernel():
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel()
    said = []
    # The front end sends the cell's id beside the code.
    message = client.session.msg

    def with_cell_id(*args, **kwargs):
        content = message(*args, **kwargs)
        content["metadata"]["cellId"] = "the cell"
        return content

    client.session.msg = with_cell_id
    try:
        for _ in range(3):
            lines = []
            reply = client.execute_interactive(
                IN_A_KERNEL, timeout=120,
                output_hook=lambda m, lines=lines: lines.append(m["content"].get("text", "")),
            )  # fmt: skip
            assert reply["content"]["status"] == "ok", reply["content"]
            said.append("".join(lines).split())
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    first, *others = said
    assert first[0] == "False"
    assert first[3:] == ["finished", "the", "cell"]
    for other in others:
        assert other[0] == "True"
        assert other[1:] == first[1:]
