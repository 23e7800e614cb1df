"""What a memorisation check says, in tokens, and what it keeps alive."""

import gc
import weakref
from copy import deepcopy

import pytest
from small_trainers import names_trainer

import microgpt as mg
from microgpt.data import Corpus


def test_a_model_keeps_no_trainer_and_a_copy_no_original(backend):
    trainer = names_trainer(steps=3)
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


NAMES = ("abdullah", "abdul", "maximilian", "max", "zoe", "zara")


@pytest.mark.filterwarnings("ignore:.*have more tokens than the block")
@pytest.mark.parametrize("tokenizer", ["char", "bpe:262"])
@pytest.mark.parametrize("block_size", [4, 8, 32])
def test_labels_are_by_tokens(tokenizer, block_size):
    corpus = Corpus("c", NAMES)
    tokenizer = corpus.tokenizer(tokenizer)
    config = mg.GPTConfig.microgpt(vocab_size=tokenizer.vocab_size, block_size=block_size)
    trainer = mg.Trainer(
        mg.GPT(config, backend="numpy"), corpus, mg.TrainConfig(steps=2, val_fraction=0), tokenizer
    )
    check = trainer.memorization_check
    assert {check(name) for name in NAMES} == {"in the list, not trained on"}
    trainer.run()
    rows = [(*tokens[0, :1], *targets[0]) for tokens, targets in trainer.seen_batches()]
    for name in NAMES:
        was_seen = tuple(tokenizer.encode(name, bos=True, eos=True)[: block_size + 1]) in rows
        assert check(name) == ("trained on" if was_seen else "in the list, not trained on")
    for row in rows:  # what was cut off counts too, but nothing that goes on differently
        assert check(tokenizer.decode(row)) == "trained on"
    for text in ("abdullahson", "ab", "zo", "", "Ж"):
        assert check(text) == "new" or tuple(tokenizer.encode(text, bos=True)) in rows


def test_what_goes_on_after_a_trained_name_is_new():
    corpus = Corpus("c", ("abdullah", "zoe"))
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=corpus.tokenizer().vocab_size), backend="numpy")
    trainer = mg.Trainer(model, corpus, mg.TrainConfig(steps=2, val_fraction=0))
    trainer.run()
    assert trainer.memorization_check("abdullah") == "trained on"
    assert trainer.memorization_check("abdullahson") == "new"
    assert trainer.memorization_check("abdullahzoe") == "new"


def test_labels_follow_each_step():
    corpus = Corpus("c", ("abdullah", "zoe", "max", "zara"))
    config = mg.GPTConfig.microgpt(vocab_size=corpus.tokenizer().vocab_size)
    settings = mg.TrainConfig(steps=4, val_fraction=0)
    trainer = mg.Trainer(mg.GPT(config, backend="numpy"), corpus, settings)
    for number, _ in enumerate(trainer, start=1):
        labels = [trainer.memorization_check(name) for name in corpus]
        assert labels.count("trained on") == number
