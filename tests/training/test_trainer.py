"""The Trainer: what it measures, samples and keeps."""

import copy
import itertools
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from custom_models import Shouting
from small_trainers import CORPUS, TEXT, names_trainer, text_trainer

import microgpt as mg
from microgpt.errors import (
    SettingError,
    ShapeError,
    StateError,
)


def test_it_learns(backend):
    trainer = names_trainer(steps=400)
    before = trainer.evaluate()
    assert before.loss == pytest.approx(np.log(27), abs=0.1)
    history = trainer.run()
    assert len(history) == 400
    after = trainer.evaluate()
    assert after.loss < 2.7
    assert 0 < after.stderr < 0.05
    assert str(after).endswith("per token")


def test_it_is_an_iterator_that_goes_on(backend):
    trainer = names_trainer(steps=10)
    assert [step.step for step in itertools.islice(trainer, 4)] == [0, 1, 2, 3]
    assert [step.step for step in trainer] == [4, 5, 6, 7, 8, 9]
    assert [step.step for step in trainer.history] == list(range(10))
    assert list(trainer) == []
    step = trainer.history[3]
    assert step.lr == pytest.approx(0.007)
    assert step.tokens_per_second > 0
    assert step.grad_norm > 0


def test_the_same_seed_gives_the_same_run(backend):
    losses = [[step.loss for step in names_trainer(steps=15).run()] for _ in range(2)]
    assert losses[0] == losses[1]
    assert [step.loss for step in names_trainer(steps=15, seed=1).run()] != losses[0]


def test_back_ends_give_the_same_run():
    losses = []
    for name in ("numpy", "numba"):
        with mg.using(name):
            losses.append([step.loss for step in names_trainer(steps=100).run()])
    np.testing.assert_allclose(losses[0], losses[1], atol=1e-4)


def test_batches_evaluation_and_samples_on_the_way(backend):
    trainer = names_trainer(
        steps=12, batch_size=4, eval_every=4, sample_every=6, num_samples=3, grad_clip=0.1
    )
    trainer.run()
    assert [s.step for s in trainer.history if s.evaluation] == [3, 7, 11]
    assert [len(s.samples) for s in trainer.history if s.samples] == [3, 3]
    assert all(isinstance(text, str) for text in trainer.history[5].samples)


def test_an_interrupt_keeps_history_and_model(backend):
    trainer = names_trainer(steps=50)

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
    corpus = mg.load_corpus(text="the cat sat on the mat. " * 40, format="text")
    trainer = names_trainer(steps=60, corpus=corpus, batch_size=4, sample_every=60, num_samples=2)
    trainer.run()
    assert trainer.evaluate().loss < 2.0
    assert trainer.history[-1].samples[0]


def test_small_corpora_in_any_script(backend):
    corpus = mg.load_corpus(text="José\nŁukasz\n王芳")
    trainer = names_trainer(steps=5, corpus=corpus, sample_every=5)
    trainer.run()
    assert len(trainer.validation_data) == 1


def test_refusals():
    model = mg.GPT(mg.GPTConfig(vocab_size=5))
    with pytest.raises(ShapeError, match=r"vocab_size must be 27, the vocabulary of .*; got 5"):
        mg.Trainer(model, CORPUS)


THREADS = """
import sys, threading
import numba
import microgpt as mg
from microgpt.backends.numba_cpu.jit import kernel as jit_kernel, launch_table
jit_kernel.PARALLEL_FROM = 500  # nearly every launch enters a parallel region
launch_table.REGION_FROM = 0
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


def test_a_sample_begins_with_the_prompt(backend):
    trainer = text_trainer(
        steps=2, sample_every=1, num_samples=2, sample_prompt="the ", sample_max_new_tokens=3
    )
    for step in trainer:
        assert [text[:4] for text in step.samples] == ["the ", "the "]
        assert all(len(text) <= 7 for text in step.samples)
    with pytest.raises(mg.TokenError, match="has no '7'"):
        text_trainer(steps=2, sample_every=1, sample_prompt="the 7")


def test_tokens_without_a_tokenizer():
    model = mg.GPT(mg.GPTConfig(vocab_size=20, block_size=4))
    trainer = mg.Trainer(model, np.arange(40) % 20, mg.TrainConfig(steps=2))
    trainer.run()
    with pytest.raises(SettingError, match="tokenizer must be given to write samples"):
        trainer.sample()
    for corpus in (CORPUS, TEXT):
        with pytest.raises(SettingError, match="tokenizer must be the one that made the tokens"):
            trainer.evaluate(corpus)
    with pytest.raises(
        SettingError, match=r"tokenizer must be given with sample_every=.*, since samples are texts"
    ):
        mg.Trainer(model, np.arange(40) % 20, mg.TrainConfig(sample_every=1))
    with pytest.raises(mg.TokenError, match=r"from 0 to 19.*got 20"):
        mg.Trainer(model, np.arange(40) % 21)
    with pytest.raises(SettingError, match="two integers; got shape"):
        mg.Trainer(model, np.ones((3, 3)))


def test_the_best_weights_are_kept_and_patience_ends(backend, tmp_path):
    trainer = text_trainer(
        steps=400, lr=0.05, lr_schedule="constant", eval_every=5, patience=4, val_fraction=0.5,
        stride=8, batch_size=4, best=tmp_path / "run",
    )  # fmt: skip
    history = trainer.run()
    assert trainer.stopped_early
    assert list(trainer) == []  # it stays so
    losses = {step.step: step.evaluation.loss for step in history if step.evaluation}
    best = min(losses, key=losses.get)
    assert trainer.best.step == best == history[-1].step - 4 * 5
    assert trainer.best is history[best]
    kept = mg.load(tmp_path / "run" / "best.safetensors", backend)
    assert kept.metadata["steps_done"] == best + 1
    again = mg.Trainer(kept.model, TEXT, trainer.config, kept.tokenizer)
    assert again.evaluate() == trainer.best.evaluation
    assert trainer.evaluate() != trainer.best.evaluation


def test_the_best_is_the_step_of_the_history():
    trainer = text_trainer(
        steps=4, eval_every=2, sample_every=2, num_samples=1, sample_max_new_tokens=3
    )
    trainer.run()
    assert trainer.best is trainer.history[trainer.best.step]
    assert trainer.best.samples


@pytest.mark.slow
def test_the_verdict_is_memorised(data, monkeypatch, tmp_path):
    """Training loss falls on and on; what is held out turns: memorisation, in small."""
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    verdict = mg.load_corpus("the-verdict")
    shape = {"block_size": 32, "n_layer": 2, "n_head": 2, "n_embd": 64, "init_std": 0.08}
    trainer = text_trainer(
        shape | {"dropout": 0.1, "qkv_bias": False}, verdict.tokenizer("bpe:500"), verdict,
        epochs=24, stride=32, batch_size=16, optimizer="adamw", weight_decay=0.1, lr=5e-3,
        lr_schedule="constant", beta1=0.9, val_fraction=0.1, grad_clip=1.0, eval_every=16,
        eval_train=True,
        eval_batches=3, sample_every=96, num_samples=1, sample_prompt="Every effort moves you",
        best=tmp_path,
    )  # fmt: skip
    assert trainer.evaluate().loss == pytest.approx(np.log(500), abs=0.4)
    history = trainer.run()
    looked = [step for step in history if step.evaluation]
    training = [step.train_evaluation.loss for step in looked]
    validation = [step.evaluation.loss for step in looked]
    assert training[-1] < 2.2 < 5 < training[0]
    assert min(validation) + 0.3 < validation[-1]
    assert validation[0] > min(validation) + 0.3
    assert trainer.best.evaluation.perplexity < 130
    assert (tmp_path / "best.safetensors").is_file()
    assert history[-1].samples[0].startswith("Every effort moves you")
    picture = mg.viz.plot_losses(history)
    assert "lowest" in picture.caption


def test_an_interrupt_during_evaluation(monkeypatch):
    corpus = mg.load_corpus("names-mini")
    trainer = mg.Trainer(mg.GPT(mg.GPTConfig()), corpus, mg.TrainConfig(steps=20, eval_every=5))

    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "evaluate", interrupt)
    assert len(trainer.run()) == 5
    assert trainer.optimizer._step[0] == 5


def test_an_interrupt_while_a_batch_is_made(monkeypatch):
    from microgpt.data import batches

    corpus = mg.load_corpus("names-mini")
    trainer = mg.Trainer(mg.GPT(mg.GPTConfig()), corpus, mg.TrainConfig(steps=30))
    calls, pad = [], batches.pad

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return pad(*arguments)

    monkeypatch.setattr(batches, "pad", interrupted)
    assert len(trainer.run()) == 9
    assert trainer.interrupted
    assert len(trainer.run()) == 30


def test_samples_are_of_the_seed_of_the_settings():
    for seed in (1, 2):
        trainer = names_trainer(seed=seed, num_samples=3)
        expected = mg.generate_text(
            trainer.model, trainer.tokenizer, 3, max_new_tokens=None, temperature=0.8, seed=seed
        )
        assert trainer.sample(0.8) == tuple(expected)


def test_steps_of_a_subclass_are_not_recorded():
    corpus = mg.load_corpus("names-mini")
    for model, is_captured in ((mg.GPT(backend="numba"), True), (Shouting(backend="numba"), False)):
        trainer = mg.Trainer(model, corpus, mg.TrainConfig(steps=1))
        assert (trainer.captured is not None) == is_captured


@pytest.mark.parametrize("copied", [copy.deepcopy, pickle.dumps])
def test_a_trainer_is_saved_and_not_copied(copied, backend):
    trainer = names_trainer(steps=2)
    trainer.run()
    with pytest.raises(StateError, match="`save` it into a folder"):
        copied(trainer)
