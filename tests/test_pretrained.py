"""The models inside the package: small, loadable, and what is said of them is true."""

from importlib import resources

import numpy as np
import pytest

import microgpt as mg
from microgpt.pretrained import BUNDLED


def test_they_are_small():
    folder = resources.files("microgpt.pretrained") / "assets"
    sizes = [len((folder / f"{name}.safetensors").read_bytes()) for name in BUNDLED]
    assert sum(sizes) < 1_000_000


def test_names_beats_counting_pairs_on_names_it_never_saw():
    checkpoint = mg.load_pretrained("names", backend="numpy")
    assert checkpoint.model.parameter_count() == 4192
    corpus = mg.load_corpus(checkpoint.training["corpus"])
    config = mg.TrainConfig(held_out=checkpoint.training["held_out"])
    trainer = mg.Trainer(checkpoint.model, corpus, config)
    evaluation = trainer.evaluate()
    assert evaluation.loss == pytest.approx(2.394, abs=0.002)
    pairs = mg.Bigram(27)
    for name in trainer.train:
        tokens = trainer.tokenizer.encode(name, bos=True, eos=True)
        pairs.count(tokens[:-1], tokens[1:])
    comparison = trainer.compare(pairs.losses)
    assert comparison.lead > 2 * comparison.error
    assert comparison.loss == pytest.approx(evaluation.loss + comparison.lead)


def test_story_has_nearly_memorised_its_story():
    checkpoint = mg.load_pretrained("story", backend="numpy")
    corpus = mg.load_corpus("story")
    assert corpus.kind == "text"
    assert 19_500 <= len(corpus[0].encode()) <= 20_500
    trained = corpus.split(checkpoint.training["held_out"])[0]
    config = mg.TrainConfig(held_out=0, eval_documents=40)
    loss = mg.Trainer(checkpoint.model, trained, config, checkpoint.tokenizer).evaluate(trained)
    assert loss.loss < 0.35  # nats a letter: of 59 letters, it sees little more than one


def test_an_unknown_name_says_what_is_known():
    with pytest.raises(mg.SettingError, match="known: 'names', 'story'"):
        mg.load_pretrained("gpt5")


def test_no_unit_of_the_names_model_is_dead():
    checkpoint = mg.load_pretrained("names", backend="numpy")
    names = mg.load_corpus("names-mini")[::40]
    active = np.zeros(64, bool)

    def look(name, node):
        if name.endswith("mlp.hidden"):
            active[:] |= (node.numpy() > 0).any(axis=(0, 1))
        return node

    from microgpt.engine import naming, no_grad

    with no_grad(), naming(look):
        for name in names:
            checkpoint.model([checkpoint.tokenizer.encode(name, bos=True)])
    assert active.sum() >= 60
