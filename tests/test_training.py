"""The Trainer: what it splits, measures, shows and keeps."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

import microgpt as mg
from microgpt.data import Corpus
from microgpt.errors import SettingError, ShapeError

CORPUS = mg.load_corpus("names-mini")


def make(steps=30, corpus=CORPUS, **options):
    tokenizer = corpus.tokenizer()
    model = mg.GPT(mg.GPTConfig(vocab_size=tokenizer.vocab_size, block_size=16))
    return mg.Trainer(model, corpus, mg.TrainConfig(steps=steps, **options))


def test_it_learns(backend):
    trainer = make(steps=400)
    before = trainer.evaluate()
    assert before.loss == pytest.approx(np.log(27), abs=0.1)
    history = trainer.run()
    assert len(history) == 400
    after = trainer.evaluate()
    assert after.loss < 2.7
    assert 0 < after.error < 0.05
    assert str(after).endswith("per token")


def test_it_is_an_iterator_that_goes_on(backend):
    trainer = make(steps=10)
    assert [step.step for step in itertools.islice(trainer, 4)] == [0, 1, 2, 3]
    assert [step.step for step in trainer] == [4, 5, 6, 7, 8, 9]
    assert [step.step for step in trainer.history] == list(range(10))
    assert list(trainer) == []
    step = trainer.history[3]
    assert step.lr == pytest.approx(0.007)
    assert step.tokens_per_second > 0
    assert step.grad_norm > 0


def test_the_same_seed_gives_the_same_run(backend):
    losses = [[step.loss for step in make(steps=15).run()] for _ in range(2)]
    assert losses[0] == losses[1]
    assert [step.loss for step in make(steps=15, seed=1).run()] != losses[0]


def test_back_ends_give_the_same_run():
    losses = []
    for name in ("numpy", "numba"):
        with mg.using(name):
            losses.append([step.loss for step in make(steps=100).run()])
    np.testing.assert_allclose(losses[0], losses[1], atol=1e-4)


def test_batches_evaluation_and_samples_on_the_way(backend):
    trainer = make(steps=12, batch_size=4, eval_every=4, sample_every=6, samples=3, clip=0.1)
    trainer.run()
    assert [s.step for s in trainer.history if s.evaluation] == [3, 7, 11]
    assert [len(s.samples) for s in trainer.history if s.samples] == [3, 3]
    assert all(isinstance(text, str) for text in trainer.history[5].samples)


def test_validation_is_never_trained_on():
    trainer = make(corpus=Corpus("c", ("anna", "bo", "anna", "cy", "dee", "eve", "bo")))
    assert not set(trainer.train) & set(trainer.validation)
    assert len(trainer.train) + len(trainer.validation) == 5
    assert make(held_out=0.0).evaluate() is None


def test_an_interrupt_keeps_history_and_model(backend):
    trainer = make(steps=50)

    def stop(step):
        if step.step == 20:
            raise KeyboardInterrupt

    history = trainer.run(stop)
    assert trainer.interrupted
    assert len(history) == 21
    assert trainer.evaluate().loss < 3.4
    trainer.run()
    assert not trainer.interrupted
    assert len(trainer.history) == 50


def test_a_text_trains_too(backend):
    corpus = mg.load_corpus(text="the cat sat on the mat. " * 40, kind="text")
    trainer = make(steps=60, corpus=corpus, batch_size=4, sample_every=60, samples=2)
    trainer.run()
    assert trainer.evaluate().loss < 2.0
    assert trainer.history[-1].samples[0]


def test_small_corpora_in_any_script(backend):
    corpus = mg.load_corpus(text="José\nŁukasz\n王芳")
    trainer = make(steps=5, corpus=corpus, sample_every=5)
    trainer.run()
    assert len(trainer.validation) == 1


def test_the_mean_per_token_and_its_error():
    from microgpt.training import _mean_per_token

    rng = np.random.default_rng(0)
    means = []
    for _ in range(400):
        counts = rng.integers(2, 9, 200)
        losses = counts * (2 + rng.normal(size=200))
        means.append(_mean_per_token(losses, counts))
    spread = np.std([mean.loss for mean in means])
    assert np.mean([mean.error for mean in means]) == pytest.approx(spread, rel=0.1)
    assert np.isnan(_mean_per_token(np.array([2.0]), np.array([1])).error)


def test_evaluation_is_the_mean_loss_of_the_held_out_part(backend):
    trainer = make(eval_documents=50)
    held_out = trainer.validation.documents
    names = [held_out[round(i * (len(held_out) - 1) / 49)] for i in range(50)]
    total = count = 0
    for name in names:
        tokens = trainer.tokenizer.encode(name, bos=True, eos=True)
        total += trainer.model.loss(tokens[:-1], tokens[1:]).item() * (len(tokens) - 1)
        count += len(tokens) - 1
    evaluation = trainer.evaluate()
    assert evaluation.loss == pytest.approx(total / count, rel=1e-5)
    assert evaluation.tokens == count


def test_refusals():
    model = mg.GPT(mg.GPTConfig(vocab_size=5))
    with pytest.raises(ShapeError, match=r"vocabulary of 27, the model one of 5.*vocab_size=27"):
        mg.Trainer(model, CORPUS)
    for options, message in [
        ({"steps": 0}, "steps must be a whole number, 1 or above"),
        ({"batch_size": 0}, "batch_size"),
        ({"lr": 0}, "lr must be above 0"),
        ({"beta1": 1.0}, "beta1"),
        ({"held_out": 1.0}, "held_out"),
        ({"clip": 0}, "clip must be above 0"),
        ({"seed": -1}, "seed"),
    ]:
        with pytest.raises(SettingError, match=message):
            mg.TrainConfig(**options)


THREADS = """
import sys, threading
import numba
import microgpt as mg
from microgpt.backends.numba_cpu import _compile
_compile.PARALLEL_FROM = 500  # nearly every launch enters a parallel region
mg.use("numba")
corpus = mg.load_corpus("names-mini")
results, errors = {}, []

def work(number):
    try:
        seed = number % 2
        config = mg.TrainConfig(steps=25, seed=seed, sample_every=10, batch_size=4)
        trainer = mg.Trainer(mg.GPT(mg.GPTConfig.microgpt(), seed=seed), corpus, config)
        results[number] = [(s.loss, s.samples) for s in trainer.run()]
    except BaseException as error:
        errors.append(repr(error))

work(4), work(5)
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
assert not errors, errors
assert results[0] == results[2] == results[4] and results[1] == results[3] == results[5]
print(numba.threading_layer(), len(results))
"""


@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_threads_train_and_sample_at_once(layer):
    run = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, text=True,
        env={**os.environ, "NUMBA_THREADING_LAYER": layer},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [layer, "6"]
