"""One training step: accumulation, capture, schedule, rollback."""

import itertools

import numpy as np
import pytest
from resume_cases import CASES, WAYS, Case, equal, finish, trainer_of
from small_trainers import CORPUS, names_trainer, text_trainer

import microgpt as mg
from microgpt import backends
from microgpt.backends import Backend
from microgpt.training.train_step import make_lr_schedule, make_optimizer, train_step


@pytest.mark.parametrize("corpus", ["lines", "text"])
@pytest.mark.parametrize("capture", [True, False])
def test_batches_that_are_accumulated_are_one_batch(backend, corpus, capture):
    """Lines have unequal lengths: every target counts alike, whichever batch it is in."""
    runs = []
    for parts in (1, 3):
        options = {
            "steps": 6,
            "batch_size": 12 // parts,
            "grad_accum_steps": parts,
            "grad_clip": 0.5,
        }
        if corpus == "lines":
            model = mg.GPT(mg.GPTConfig(), seed=1, dtype="float64")
            trainer = mg.Trainer(model, CORPUS, mg.TrainConfig(**options), capture=capture)
        else:
            trainer = text_trainer(capture=capture, **options)
        runs.append((trainer.run(), trainer.model.state_dict()))
    (one, weights), (three, others) = runs
    tolerance = 1e-12 if corpus == "lines" else 1e-5
    for step, other in zip(one, three, strict=True):
        assert other.loss == pytest.approx(step.loss, rel=tolerance)
        assert other.grad_norm == pytest.approx(step.grad_norm, rel=10 * tolerance)
        assert (other.tokens, other.tokens_seen) == (step.tokens, step.tokens_seen)
    for name, weight in weights.items():
        np.testing.assert_allclose(others[name], weight, rtol=0, atol=100 * tolerance)


@pytest.mark.parametrize("grad_accum_steps", [1, 3])
@pytest.mark.parametrize("capture", [True, False])
def test_the_trainer_runs_the_plain_function(backend, grad_accum_steps, capture):
    """Recorded or not, a trainer's steps are those of `train_step`, bit for bit."""
    options = {"steps": 8, "batch_size": 4, "grad_accum_steps": grad_accum_steps, "grad_clip": 0.5}
    trainer = names_trainer(capture=capture, **options)
    other = names_trainer(**options)
    model, config, batches = other.model, other.config, other.data.train_batches()
    optimizer, lr_schedule = make_optimizer(model, config), make_lr_schedule(config)
    for step, expected in enumerate(trainer.run()):
        drawn = list(itertools.islice(batches, grad_accum_steps))
        loss, norm = train_step(model, optimizer, lr_schedule, config.grad_clip, step, drawn)
        assert (loss, norm) == (expected.loss, expected.grad_norm)
        assert optimizer.lr == expected.lr
    weights = trainer.model.state_dict()
    for name, weight in model.state_dict().items():
        np.testing.assert_array_equal(weight, weights[name])


def test_accumulated_steps_are_replayed():
    with mg.using("numba"):
        trainer = text_trainer(steps=4, grad_accum_steps=3, stride=8, batch_size=2)
        trainer.run()
        names = [launch.name for launch in trainer.captured.launches()]
        assert names.count("linear_forward") > 1
        alone = text_trainer(steps=4, stride=8, batch_size=2)
        alone.run()
        # Once a step, in no batch:
        once = {"fill_", "sum_of_squares_", "root_of_sum_", "increment_step_", "adam_step_"}
        assert once <= {launch.name for launch in alone.captured.launches()}
        assert once.isdisjoint(names)
        eager = text_trainer(steps=4, grad_accum_steps=3, stride=8, batch_size=2, capture=False)
        assert [s.loss for s in eager.run()] == [s.loss for s in trainer.history]
        assert eager.captured is None


def test_the_schedule_is_followed():
    trainer = text_trainer(
        steps=20, optimizer="adamw", weight_decay=0.3, lr_schedule="cosine", warmup_steps=5,
        lr=0.01,
        min_lr=0.001, beta1=0.8, eps=1e-6,
    )  # fmt: skip
    expected = mg.cosine_schedule(0.01, 20, 5, 0.001)
    assert [step.lr for step in trainer] == [expected(step) for step in range(20)]
    optimizer = trainer.optimizer
    assert isinstance(optimizer, mg.AdamW)
    assert (optimizer.weight_decay, optimizer.eps, optimizer.betas) == (0.3, 1e-6, (0.8, 0.99))
    constant = text_trainer(steps=4, lr_schedule="constant", warmup_steps=1)
    assert [step.lr for step in constant] == [0.005, 0.01, 0.01, 0.01]
    assert text_trainer(steps=1, optimizer="adamw").optimizer.weight_decay == 0.01


@pytest.mark.parametrize("error_type", [KeyboardInterrupt, MemoryError])
def test_a_batch_of_an_update_that_broke_off_is_trained_on(backend, monkeypatch, error_type):
    straight = names_trainer(steps=12)
    straight.run()
    model = mg.GPT(mg.GPTConfig(vocab_size=27, block_size=16))
    trainer = mg.Trainer(model, CORPUS, mg.TrainConfig(steps=12), capture=False)
    list(itertools.islice(trainer, 5))
    loss, calls = trainer.model.loss, []

    def broken(*arguments):
        calls.append(1)
        if len(calls) < 3:
            raise error_type("not now")
        return loss(*arguments)

    monkeypatch.setattr(trainer.model, "loss", broken)
    for _ in range(2):
        with pytest.raises(error_type):
            next(trainer)
        assert len(trainer.history) == 5
    trainer.run()
    assert [s.loss for s in trainer.history] == [s.loss for s in straight.history]
    assert [t.tolist() for t, _ in trainer.seen_batches()] == [
        t.tolist() for t, _ in straight.seen_batches()
    ]
    for name in straight.train_data.documents[:300]:
        assert trainer.memorization_check(name) == straight.memorization_check(name)
    met = [
        name for name in straight.train_data if straight.memorization_check(name) == "trained on"
    ]
    assert len(met) == 12


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error_type", [KeyboardInterrupt, MemoryError])
def test_an_error_at_any_launch_of_a_step_loses_nothing(monkeypatch, way, error_type):
    case = Case("text", {"steps": 6, "batch_size": 2, "grad_accum_steps": 2, "grad_clip": 1.0},
                CASES["dropout"].model)  # fmt: skip
    straight = finish(trainer_of(case, way))
    trainer = trainer_of(case, way)
    launch, left, broken = Backend.launch, 0, 0

    def burning(self, name, *arguments):
        nonlocal left
        left -= 1
        if left == 0:
            raise error_type(name)
        launch(self, name, *arguments)

    monkeypatch.setattr(Backend, "launch", burning)
    with backends.using(trainer.model.backend.name):
        for number in range(case.train["steps"]):
            place = 1 + number
            while len(trainer.history) == number:
                left = place
                try:
                    next(trainer)
                except error_type:
                    broken, place = broken + 1, place + 5
    left = 0
    assert broken > 10  # a replay launches nothing that could be cut off
    equal(finish(trainer), straight)
    assert len(list(trainer.seen_batches())) == 12
