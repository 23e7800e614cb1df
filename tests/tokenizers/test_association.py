"""A model is read with the tokenizer it was trained or loaded with, by content."""

import copy
import gc
import pickle
import weakref

import pytest

import microgpt as mg
from microgpt.checkpoints import Checkpoint
from microgpt.data import Corpus
from microgpt.tokenizers import BPETokenizer, CharTokenizer, resolve_tokenizer

ABC, XYZ = CharTokenizer("abc"), CharTokenizer("xyz")


def small_model() -> mg.GPT:
    return mg.GPT(mg.GPTConfig.microgpt(vocab_size=4), backend="numpy")


def test_another_vocabulary_of_the_same_size_is_refused(tmp_path):
    model = small_model()
    mg.Trainer(model, Corpus("abc", ("ab", "cab", "ba")))
    xyz = Corpus("xyz", ("xy", "zxy", "yx"))
    for refused in (
        lambda: mg.widgets.TextLikelihood(model, XYZ, "xy"),
        lambda: mg.widgets.SamplingExplorer(model, tokenizer=XYZ),
        lambda: mg.Trainer(model, xyz, tokenizer=XYZ),
    ):
        with pytest.raises(
            mg.SettingError, match=r"tokenizer must be the one .*'abc'.*; got .*xyz"
        ):
            refused()
    for view in (mg.widgets.TextLikelihood, mg.widgets.SamplingExplorer, mg.widgets.GuessNext):
        with pytest.raises(
            mg.SettingError, match="corpus must be texts that the model's tokenizer"
        ):
            view(model, xyz)
    mg.save(tmp_path, model, ABC)
    with pytest.raises(mg.SettingError, match="tokenizer must be the one"):
        mg.widgets.TextLikelihood(mg.load(tmp_path).model, tokenizer=XYZ)


def test_the_tokenizer_of_training_is_the_default():
    model, corpus = small_model(), Corpus("abc", ("ab", "cab", "ba"))
    mg.Trainer(model, corpus)
    assert resolve_tokenizer(model, None).to_dict() == ABC.to_dict()
    fewer = Corpus("ab", ("ab", "ba"))  # its own tokenizer would have three tokens
    assert mg.Trainer(model, fewer).tokenizer.to_dict() == ABC.to_dict()
    assert mg.widgets.TextLikelihood(model, text="cab").state.scores().text == "cab"


def test_equal_tokens_are_the_same_tokenizer():
    model, tokenizer = small_model(), BPETokenizer([(97, 98)], counts=[5])
    Checkpoint(model, tokenizer)
    other = BPETokenizer([(97, 98)])
    assert resolve_tokenizer(model, other) is other
    with pytest.raises(mg.SettingError):
        resolve_tokenizer(model, BPETokenizer([(97, 99)]))
    assert resolve_tokenizer(small_model(), other) is other
    assert resolve_tokenizer(small_model(), None) is None


def test_no_model_is_kept_alive():
    model = small_model()
    Checkpoint(model, ABC)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, mg.GPT.copy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["copy", "deepcopy", "model.copy", "pickle"],
)
def test_a_copy_of_a_model_reads_text_with_the_same_tokenizer(copied):
    model = small_model()
    assert resolve_tokenizer(copied(model), None) is None
    mg.Trainer(model, Corpus("abc", ("ab", "cab", "ba")))
    other = copied(model)
    assert resolve_tokenizer(other, None).to_dict() == ABC.to_dict()
    with pytest.raises(mg.SettingError, match="tokenizer must be the one"):
        resolve_tokenizer(other, XYZ)
    assert other.loss([1, 2], [2, 3]).item() == model.loss([1, 2], [2, 3]).item()
