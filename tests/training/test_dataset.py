"""Training and validation data: splits, epochs, tokens on disk, what does not fit."""

import numpy as np
import pytest
from resume_cases import SMALL, trainer_of
from small_trainers import TEXT, names_trainer, text_trainer

import microgpt as mg
from microgpt.config.training import LR_SCHEDULES
from microgpt.data import Corpus, load_corpus
from microgpt.errors import SettingError
from microgpt.tokenizers import CharTokenizer
from microgpt.training.dataset import TrainingData


def test_validation_is_never_trained_on():
    trainer = names_trainer(corpus=Corpus("c", ("anna", "bo", "anna", "cy", "dee", "eve", "bo")))
    assert not set(trainer.train_data) & set(trainer.validation_data)
    assert len(trainer.train_data) + len(trainer.validation_data) == 7
    assert names_trainer(val_fraction=0.0).evaluate() is None


def test_epochs_and_tokens_seen(backend):
    trainer = text_trainer(epochs=3, stride=8, batch_size=4, grad_accum_steps=2, val_fraction=0.1)
    batches_per_epoch = trainer.batches.batches_per_epoch
    assert batches_per_epoch == (len(trainer.train_data.documents[0]) - 1) // 8 // 4
    history = trainer.run()
    assert len(history) == trainer.config.steps == -(-3 * batches_per_epoch // 2)
    assert [step.tokens_seen for step in history] == [64 * (i + 1) for i in range(len(history))]
    assert history[0].epoch == 2 / batches_per_epoch
    assert 3 <= history[-1].epoch < 3 + 2 / batches_per_epoch
    assert names_trainer(steps=1).run()[0].epoch is None


@pytest.mark.parametrize("grad_accum_steps", [1, 3])
def test_epochs_of_lines_are_counted_in_lines(grad_accum_steps):
    """A batch at the end of a pass goes on with the next: passes end inside batches."""
    corpus = mg.load_corpus(text="\n".join("abcdefghij"))
    trainer = names_trainer(
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
    assert len(names_trainer(corpus=corpus, epochs=1, batch_size=7, val_fraction=0.0).run()) == 2


def test_tokens_and_shards_train_like_their_text(backend, tmp_path):
    from microgpt.data import Shards, open_shard, write_shard

    tokenizer = TEXT.tokenizer()
    tokens = np.array(tokenizer.encode(TEXT.documents[0]))
    cut = len(tokens) - round(0.2 * len(tokens))
    write_shard(tmp_path / "train.bin", tokens[:cut])
    write_shard(tmp_path / "val.bin", tokens[cut:])
    options = {"steps": 6, "batch_size": 2, "eval_every": 3}
    expected = text_trainer(**options).run()
    forms = [
        ({"texts": tokens}, {}),
        ({"texts": tokens[:cut].tolist(), "validation": tokens[cut:]}, {}),
        ({"texts": open_shard(tmp_path / "train.bin"),
          "validation": open_shard(tmp_path / "val.bin")}, {}),
        ({"texts": Shards(tmp_path / "train.bin"), "validation": Shards(tmp_path / "val.bin")},
         {"val_fraction": 0.0}),
    ]  # fmt: skip
    for texts, more in forms:
        trainer = text_trainer(**texts, **options, **more)
        found = trainer.run()
        assert [s.loss for s in found] == [s.loss for s in expected]
        assert [s.evaluation for s in found] == [s.evaluation for s in expected]
        assert trainer.metadata()["corpus"] == "tokens"
        assert trainer.memorization_check is None
    with pytest.raises(SettingError, match="give the shards of validation"):
        text_trainer(texts=Shards(tmp_path / "train.bin"))


def test_settings_that_do_not_fit_the_data():
    for schedule in LR_SCHEDULES:
        with pytest.raises(SettingError, match="warmup_steps must be below steps=5; got 5"):
            names_trainer(steps=5, warmup_steps=5, lr_schedule=schedule)
        names_trainer(steps=5, warmup_steps=4, lr_schedule=schedule)
        with pytest.raises(SettingError, match=r"warmup_steps must be below steps=\d+; got 99999"):
            names_trainer(epochs=1, warmup_steps=99999, lr_schedule=schedule)
    with pytest.raises(SettingError, match="format='text'"):
        names_trainer(stride=4)
    with pytest.raises(SettingError, match="val_fraction must be above 0 with patience=1"):
        names_trainer(patience=1, eval_every=1, val_fraction=0.0)


def test_lines_in_both_parts_are_refused():
    names = mg.load_corpus(text="anna\nbo\ncy")
    model = mg.GPT(mg.GPTConfig(vocab_size=names.tokenizer().vocab_size))
    other = mg.load_corpus(text="bo\nyan")
    with pytest.raises(
        SettingError,
        match="validation must be without lines of the training data; got 1 in both, such as 'bo'",
    ):
        mg.Trainer(model, names, validation=other)


def test_the_verdict_has_nine_batches(data, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    verdict = mg.load_corpus("the-verdict")
    trainer = text_trainer(
        {"block_size": 256}, verdict.tokenizer("gpt2"), verdict,
        epochs=10, stride=256, batch_size=2, val_fraction=0.1, eval_batches=1,
    )  # fmt: skip
    assert trainer.batches.batches_per_epoch == 9
    assert trainer.config.steps == 90
    assert [tokens.shape for tokens, _ in trainer.validation_batches()] == [(1, 256), (1, 256)]
    assert trainer.evaluate().loss == pytest.approx(np.log(50257), abs=0.1)


def test_the_data_are_hashed_once(tmp_path, monkeypatch):
    import hashlib

    from microgpt.training import dataset

    made = []

    class Counting:
        def sha256(self, *given):
            made.append(1)
            return hashlib.sha256(*given)

    monkeypatch.setattr(dataset, "hashlib", Counting())
    trainer = trainer_of(SMALL, "numpy")
    for _ in range(3):
        trainer.save(tmp_path)
    assert len(made) == 1


def test_repeats_are_trained_on_as_often_as_they_come():
    corpus = mg.load_corpus(text="ab\nab\nba\nab")
    model = mg.GPT(mg.GPTConfig(vocab_size=3))
    trainer = mg.Trainer(model, corpus, mg.TrainConfig(val_fraction=0.0, steps=8))
    trainer.run()
    rows = [tokens[0].tolist() for tokens, _ in trainer.seen_batches()]
    assert rows.count([2, 0, 1]) == 6  # of two passes over four lines
    assert rows.count([2, 1, 0]) == 2


def data_of(texts, tokenizer=None, **settings):
    vocab_size = 8 if tokenizer is None else tokenizer.vocab_size
    model_config = mg.GPTConfig.microgpt(vocab_size=vocab_size)
    config = mg.TrainConfig(**{"val_fraction": 0.0, **settings})
    return TrainingData(texts, None, tokenizer, config, model_config)


def test_the_hash_is_of_texts_their_borders_and_the_tokenizer():
    char = CharTokenizer("abc")
    corpora = [Corpus("c", documents) for documents in (("ab", "c"), ("a", "bc"), ("abc",))]
    hashes = {data_of(corpus, char).sha256 for corpus in corpora}
    hashes.add(data_of(corpora[0], CharTokenizer("abcd")).sha256)
    hashes.add(data_of(load_corpus(text="ab\nc", format="text"), CharTokenizer("abc\n")).sha256)
    assert len(hashes) == 5
    assert data_of(Corpus("d", ("ab", "c")), char).sha256 in hashes  # a name changes nothing


def test_something_is_always_held_out():
    data = data_of(np.arange(8).repeat(5), val_fraction=0.001)
    assert (len(data.train), len(data.validation)) == (39, 1)
