"""The Trainer: what it splits, measures, shows and keeps."""

import gc
import itertools
import os
import subprocess
import sys
import weakref
from copy import deepcopy

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
    assert 0 < after.stderr < 0.05
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
    trainer = make(
        steps=12, batch_size=4, eval_every=4, sample_every=6, num_samples=3, grad_clip=0.1
    )
    trainer.run()
    assert [s.step for s in trainer.history if s.evaluation] == [3, 7, 11]
    assert [len(s.samples) for s in trainer.history if s.samples] == [3, 3]
    assert all(isinstance(text, str) for text in trainer.history[5].samples)


def test_validation_is_never_trained_on():
    trainer = make(corpus=Corpus("c", ("anna", "bo", "anna", "cy", "dee", "eve", "bo")))
    assert not set(trainer.train_data) & set(trainer.validation_data)
    assert len(trainer.train_data) + len(trainer.validation_data) == 5
    assert make(val_fraction=0.0).evaluate() is None


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
    corpus = mg.load_corpus(text="the cat sat on the mat. " * 40, format="text")
    trainer = make(steps=60, corpus=corpus, batch_size=4, sample_every=60, num_samples=2)
    trainer.run()
    assert trainer.evaluate().loss < 2.0
    assert trainer.history[-1].samples[0]


def test_small_corpora_in_any_script(backend):
    corpus = mg.load_corpus(text="José\nŁukasz\n王芳")
    trainer = make(steps=5, corpus=corpus, sample_every=5)
    trainer.run()
    assert len(trainer.validation_data) == 1


def test_the_mean_per_token_and_its_standard_error():
    from microgpt.training import Evaluation

    rng = np.random.default_rng(0)
    means = []
    for _ in range(400):
        counts = rng.integers(2, 9, 200)
        losses = counts * (2 + rng.normal(size=200))
        means.append(Evaluation.from_rows(losses, counts))
    spread = np.std([mean.loss for mean in means])
    assert np.mean([mean.stderr for mean in means]) == pytest.approx(spread, rel=0.1)
    assert np.isnan(Evaluation.from_rows(np.array([2.0]), np.array([1])).stderr)


def test_evaluation_is_the_mean_loss_of_the_held_out_part(backend):
    trainer = make(eval_documents=50)
    held_out = trainer.validation_data.documents
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
    with pytest.raises(ShapeError, match=r"vocab_size must be 27, the vocabulary of .*; got 5"):
        mg.Trainer(model, CORPUS)


THREADS = """
import sys, threading
import numba
import microgpt as mg
from microgpt.backends.numba_cpu.jit import compile as jit
jit.PARALLEL_FROM = 500  # nearly every launch enters a parallel region
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


TEXT = mg.load_corpus(text="the cat sat on the mat; the dog sat on the cat. " * 20, format="text")
SHAPE = {"n_layer": 1, "n_head": 2, "n_embd": 8, "block_size": 8}


def make_text(model=None, tokenizer=None, texts=TEXT, capture=True, **options):
    tokenizer = TEXT.tokenizer() if tokenizer is None else tokenizer
    shape = SHAPE | (model or {})
    config = mg.GPTConfig.preset("gpt2-small", vocab_size=tokenizer.vocab_size, **shape)
    more = {name: options.pop(name) for name in ("validation", "best") if name in options}
    return mg.Trainer(
        mg.GPT(config, seed=1), texts, mg.TrainConfig(**options), tokenizer, capture, **more
    )


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
            trainer = make_text(capture=capture, **options)
        runs.append((trainer.run(), trainer.model.state_dict()))
    (one, weights), (three, others) = runs
    tolerance = 1e-12 if corpus == "lines" else 1e-5
    for step, other in zip(one, three, strict=True):
        assert other.loss == pytest.approx(step.loss, rel=tolerance)
        assert other.grad_norm == pytest.approx(step.grad_norm, rel=10 * tolerance)
        assert (other.tokens, other.tokens_seen) == (step.tokens, step.tokens_seen)
    for name, weight in weights.items():
        np.testing.assert_allclose(others[name], weight, rtol=0, atol=100 * tolerance)


def test_accumulated_steps_are_replayed():
    with mg.using("numba"):
        trainer = make_text(steps=4, grad_accum_steps=3, stride=8, batch_size=2)
        trainer.run()
        names = [launch.name for launch in trainer.captured.launches()]
        assert names.count("linear_forward") > 1
        alone = make_text(steps=4, stride=8, batch_size=2)
        alone.run()
        once = {"fill_", "square_sum_", "root_", "count_step_", "adam_step_"}  # a step, no batch
        assert once <= {launch.name for launch in alone.captured.launches()}
        assert once.isdisjoint(names)
        eager = make_text(steps=4, grad_accum_steps=3, stride=8, batch_size=2, capture=False)
        assert [s.loss for s in eager.run()] == [s.loss for s in trainer.history]
        assert eager.captured is None


def test_perplexity():
    from microgpt.training import Evaluation, Step

    assert Step(0, 10.7940, 0.1, 1.0, 5, 0.1).perplexity == pytest.approx(48725.8, rel=1e-4)
    assert Evaluation(10.7940, 0.1, 5).perplexity == pytest.approx(48725.8, rel=1e-4)
    assert Evaluation(float("inf"), 0.1, 5).perplexity == float("inf")
    assert Evaluation(1e9, 0.1, 5).perplexity == float("inf")


def test_epochs_and_tokens_seen(backend):
    trainer = make_text(epochs=3, stride=8, batch_size=4, grad_accum_steps=2, val_fraction=0.1)
    batches_per_epoch = trainer.batches.batches_per_epoch
    assert batches_per_epoch == (len(trainer.train_data.documents[0]) - 1) // 8 // 4
    history = trainer.run()
    assert len(history) == trainer.config.steps == -(-3 * batches_per_epoch // 2)
    assert [step.tokens_seen for step in history] == [64 * (i + 1) for i in range(len(history))]
    assert history[0].epoch == 2 / batches_per_epoch
    assert 3 <= history[-1].epoch < 3 + 2 / batches_per_epoch
    assert make(steps=1).run()[0].epoch is None


@pytest.mark.parametrize("grad_accum_steps", [1, 3])
def test_epochs_of_lines_are_counted_in_lines(grad_accum_steps):
    """A batch at the end of a pass goes on with the next: passes end inside batches."""
    corpus = mg.load_corpus(text="\n".join("abcdefghij"))
    trainer = make(
        corpus=corpus,
        epochs=6,
        batch_size=6 // grad_accum_steps,
        grad_accum_steps=grad_accum_steps,
        val_fraction=0.0,
    )
    history = trainer.run()
    assert len(history) == trainer.config.steps == 10  # 6 passes over 10 lines, 6 a step
    assert [step.epoch for step in history] == [6 * (i + 1) / 10 for i in range(10)]
    rows = [row for tokens, _ in trainer.seen_batches() for row in tokens[:, 1].tolist()]
    assert {rows.count(row) for row in rows} == {6}
    assert len(make(corpus=corpus, epochs=1, batch_size=7, val_fraction=0.0).run()) == 2


def test_looking_changes_nothing(backend):
    """Evaluations and samples use none of the training's dice, with dropout too."""
    options = {"model": {"dropout": 0.2}, "steps": 20, "batch_size": 2}
    blind = make_text(**options)
    watched = make_text(
        **options, eval_every=2, eval_train=True, eval_batches=3, sample_every=5, num_samples=1
    )
    assert [s.loss for s in blind.run()] == [s.loss for s in watched.run()]
    held, train = watched.history[1].evaluation, watched.history[1].train_evaluation
    assert held.tokens == train.tokens == 3 * 2 * 8
    assert held.loss != train.loss
    assert blind.history[1].train_evaluation is None
    assert watched.evaluate(watched.train_data) == watched.history[-1].train_evaluation


def test_a_sample_begins_with_the_prompt(backend):
    trainer = make_text(
        steps=2, sample_every=1, num_samples=2, sample_prompt="the ", sample_max_new_tokens=3
    )
    for step in trainer:
        assert [text[:4] for text in step.samples] == ["the ", "the "]
        assert all(len(text) <= 7 for text in step.samples)
    with pytest.raises(mg.TokenError, match="has no '7'"):
        make_text(steps=2, sample_every=1, sample_prompt="the 7")


def test_the_schedule_is_followed():
    trainer = make_text(
        steps=20, optimizer="adamw", weight_decay=0.3, lr_schedule="cosine", warmup_steps=5,
        lr=0.01,
        min_lr=0.001, beta1=0.8, eps=1e-6,
    )  # fmt: skip
    expected = mg.cosine_schedule(0.01, 20, 5, 0.001)
    assert [step.lr for step in trainer] == [expected(step) for step in range(20)]
    optimizer = trainer.optimizer
    assert isinstance(optimizer, mg.AdamW)
    assert (optimizer.weight_decay, optimizer.eps, optimizer.betas) == (0.3, 1e-6, (0.8, 0.99))
    constant = make_text(steps=4, lr_schedule="constant", warmup_steps=1)
    assert [step.lr for step in constant] == [0.005, 0.01, 0.01, 0.01]
    assert make_text(steps=1, optimizer="adamw").optimizer.weight_decay == 0.01


def test_tokens_and_shards_train_like_their_text(backend, tmp_path):
    from microgpt.data import Shards, open_shard, write_shard

    tokenizer = TEXT.tokenizer()
    tokens = np.array(tokenizer.encode(TEXT.documents[0]))
    cut = len(tokens) - round(0.2 * len(tokens))
    write_shard(tmp_path / "train.bin", tokens[:cut])
    write_shard(tmp_path / "val.bin", tokens[cut:])
    options = {"steps": 6, "batch_size": 2, "eval_every": 3}
    expected = make_text(**options).run()
    forms = [
        ({"texts": tokens}, {}),
        ({"texts": tokens[:cut].tolist(), "validation": tokens[cut:]}, {}),
        ({"texts": open_shard(tmp_path / "train.bin"),
          "validation": open_shard(tmp_path / "val.bin")}, {}),
        ({"texts": Shards(tmp_path / "train.bin"), "validation": Shards(tmp_path / "val.bin")},
         {"val_fraction": 0.0}),
    ]  # fmt: skip
    for texts, more in forms:
        trainer = make_text(**texts, **options, **more)
        found = trainer.run()
        assert [s.loss for s in found] == [s.loss for s in expected]
        assert [s.evaluation for s in found] == [s.evaluation for s in expected]
        assert trainer.metadata()["corpus"] == "tokens"
        assert trainer.memorization_check is None
    with pytest.raises(SettingError, match="give the shards of validation"):
        make_text(texts=Shards(tmp_path / "train.bin"))


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
    trainer = make_text(
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


def test_settings_that_do_not_fit_the_data():
    with pytest.raises(SettingError, match="warmup_steps must be below steps=5; got 5"):
        make(steps=5, warmup_steps=5)
    with pytest.raises(SettingError, match="format='text'"):
        make(stride=4)
    with pytest.raises(SettingError, match="val_fraction must be above 0 with patience=1"):
        make(patience=1, eval_every=1, val_fraction=0.0)


def test_lines_in_both_parts_are_refused():
    names = mg.load_corpus(text="anna\nbo\ncy")
    model = mg.GPT(mg.GPTConfig(vocab_size=names.tokenizer().vocab_size))
    other = mg.load_corpus(text="bo\nyan")
    with pytest.raises(
        SettingError,
        match="validation must be without lines of the training data; got 1 in both, such as 'bo'",
    ):
        mg.Trainer(model, names, validation=other)


def test_the_best_is_the_step_of_the_history():
    trainer = make_text(
        steps=4, eval_every=2, sample_every=2, num_samples=1, sample_max_new_tokens=3
    )
    trainer.run()
    assert trainer.best is trainer.history[trainer.best.step]
    assert trainer.best.samples


def test_a_model_keeps_no_trainer_and_a_copy_no_original(backend):
    trainer = make(steps=3)
    trainer.run()
    model, name = trainer.model, next(iter(trainer.train_data))
    check, gone = trainer.memorization_check, weakref.ref(trainer)
    label = check(name)
    del trainer
    gc.collect()
    assert gone() is None
    assert check(name) == label
    assert check("xq") == "new"
    copy, original = deepcopy(model), weakref.ref(model)
    del model
    gc.collect()
    assert original() is None
    assert copy([0]).shape == (1, copy.config.vocab_size)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_a_batch_of_an_update_that_broke_off_is_trained_on(backend, monkeypatch, kind):
    straight = make(steps=12)
    straight.run()
    model = mg.GPT(mg.GPTConfig(vocab_size=27, block_size=16))
    trainer = mg.Trainer(model, CORPUS, mg.TrainConfig(steps=12), capture=False)
    list(itertools.islice(trainer, 5))
    loss, calls = trainer.model.loss, []

    def broken(*arguments):
        calls.append(1)
        if len(calls) < 3:
            raise kind("not now")
        return loss(*arguments)

    monkeypatch.setattr(trainer.model, "loss", broken)
    for _ in range(2):
        with pytest.raises(kind):
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


def test_the_verdict_is_memorised(data, monkeypatch, tmp_path):
    """Training loss falls on and on; what is held out turns: memorisation, in small."""
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    verdict = mg.load_corpus("the-verdict")
    shape = {"block_size": 32, "n_layer": 2, "n_head": 2, "n_embd": 64, "init_std": 0.08}
    trainer = make_text(
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
    held_out = [step.evaluation.loss for step in looked]
    assert training[-1] < 2.2 < 5 < training[0]
    assert min(held_out) + 0.3 < held_out[-1]
    assert held_out[0] > min(held_out) + 0.3
    assert trainer.best.evaluation.perplexity < 130
    assert (tmp_path / "best.safetensors").is_file()
    assert history[-1].samples[0].startswith("Every effort moves you")
    picture = mg.viz.plot_losses(history)
    assert "lowest" in picture.caption


def test_the_verdict_has_nine_batches(data, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    verdict = mg.load_corpus("the-verdict")
    trainer = make_text(
        {"block_size": 256}, verdict.tokenizer("gpt2"), verdict,
        epochs=10, stride=256, batch_size=2, val_fraction=0.1, eval_batches=1,
    )  # fmt: skip
    assert trainer.batches.batches_per_epoch == 9
    assert trainer.config.steps == 90
    assert [tokens.shape for tokens, _ in trainer.validation_batches()] == [(1, 256), (1, 256)]
    assert trainer.evaluate().loss == pytest.approx(np.log(50257), abs=0.1)
