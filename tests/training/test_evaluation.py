"""Evaluation is the mean loss, and has no side effects."""

from functools import partial

import numpy as np
import pytest
from small_trainers import names_trainer, text_trainer


def test_evaluation_is_the_mean_loss_of_the_validation_data(backend):
    trainer = names_trainer(eval_documents=50)
    validation = trainer.validation_data.documents
    names = [validation[round(i * (len(validation) - 1) / 49)] for i in range(50)]
    total = count = 0
    for name in names:
        tokens = trainer.tokenizer.encode(name, bos=True, eos=True)
        total += trainer.model.loss(tokens[:-1], tokens[1:]).item() * (len(tokens) - 1)
        count += len(tokens) - 1
    evaluation = trainer.evaluate()
    assert evaluation.loss == pytest.approx(total / count, rel=1e-5)
    assert evaluation.tokens == count


def test_evaluating_and_sampling_change_nothing(backend):
    """Evaluations and samples use none of the training's dice, with dropout too."""
    options = {"model": {"dropout": 0.2}, "steps": 20, "batch_size": 2}
    blind = text_trainer(**options)
    watched = text_trainer(
        **options, eval_every=2, eval_train=True, eval_batches=3, sample_every=5, num_samples=1
    )
    assert [s.loss for s in blind.run()] == [s.loss for s in watched.run()]
    held, train = watched.history[1].evaluation, watched.history[1].train_evaluation
    assert held.tokens == train.tokens == 3 * 2 * 8
    assert held.loss != train.loss
    assert blind.history[1].train_evaluation is None
    assert watched.evaluate(watched.train_data) == watched.history[-1].train_evaluation


def test_an_evaluation_that_is_cancelled_is_none():
    trainer = names_trainer(eval_documents=200)
    calls = []

    def cancelled_at(number):
        calls.clear()
        return lambda: calls.append(1) or len(calls) > number

    assert trainer.evaluate(cancelled=cancelled_at(10**9)) is not None
    batches = len(calls)
    assert batches > 1
    for number in (0, batches - 1):
        assert trainer.evaluate(cancelled=cancelled_at(number)) is None
        assert len(calls) == number + 1


def constant_loss(loss, tokens, targets):
    return np.where(targets >= 0, loss, 0.0)


def test_an_improvement_is_how_much_lower_the_model_is():
    trainer = names_trainer(steps=1)
    loss = trainer.evaluate().loss
    for baseline in (0.0, 10.0):
        comparison = trainer.compare(partial(constant_loss, baseline))
        assert comparison.loss == pytest.approx(baseline)
        assert comparison.improvement == pytest.approx(baseline - loss)
