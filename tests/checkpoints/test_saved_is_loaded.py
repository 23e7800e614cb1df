"""Whatever `save` writes, `load` reads; what it could not read is refused at once."""

import json
import threading

import numpy as np
import pytest
from custom_models import OwnMLP
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import microgpt as mg
from microgpt.backends import LOCK
from microgpt.data import Corpus
from microgpt.tokenizers import BPETokenizer, CharTokenizer

ANY_TEXT = st.text(st.characters())  # lone surrogates too
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(ANY_TEXT, children),
    max_leaves=8,
)
FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def char_tokenizers(draw):
    characters = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
    return CharTokenizer(characters, bos=draw(st.booleans()))


@st.composite
def bpe_tokenizers(draw):
    letters = draw(st.lists(st.integers(0, 255), min_size=2, max_size=6, unique=True))
    pairs = list(zip(letters[::2], letters[1::2], strict=False))
    names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
    special = draw(st.lists(names, max_size=3, unique=True))
    order = draw(st.permutations(range(256)))
    counts = [draw(st.integers(1, 10**12)) for _ in pairs] if draw(st.booleans()) else None
    return BPETokenizer(pairs, special, byte_order=order, counts=counts)


@st.composite
def configs(draw, vocab_size):
    n_head = draw(st.sampled_from([1, 2]))
    return mg.GPTConfig(
        vocab_size=vocab_size,
        block_size=draw(st.integers(1, 9)),
        n_embd=n_head * draw(st.sampled_from([2, 4])),
        n_head=n_head,
        n_layer=draw(st.integers(1, 2)),
        dropout=draw(st.sampled_from([0.0, 0.1])),
        bias=draw(st.booleans()),
        tie_weights=draw(st.booleans()),
    )


@FEW
@given(st.data(), char_tokenizers() | bpe_tokenizers(), st.dictionaries(ANY_TEXT, JSON))
def test_tokenizers_configs_and_metadata(tmp_path, data, tokenizer, metadata):
    model = mg.GPT(data.draw(configs(tokenizer.vocab_size)), backend="numpy")
    loaded = mg.load(mg.save(tmp_path, model, tokenizer, metadata), "numpy")
    assert loaded.model.config == model.config
    assert loaded.tokenizer.to_dict() == tokenizer.to_dict()
    assert loaded.metadata == metadata


LINES = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).map(str.strip),
    min_size=2, max_size=6, unique=True,
).filter(all)  # fmt: skip


@FEW
@given(LINES, st.integers(1, 4), st.integers(0, 3), st.dictionaries(ANY_TEXT, JSON))
def test_histories_and_metadata_of_trainings(tmp_path, lines, steps, sample_every, metadata):
    corpus = Corpus("c", tuple(lines))
    config = mg.GPTConfig(
        vocab_size=corpus.tokenizer().vocab_size, block_size=12, n_embd=4, n_head=1, n_layer=1
    )
    settings = mg.TrainConfig(
        steps=steps, eval_every=2, sample_every=sample_every, num_samples=2, val_fraction=0.5
    )
    trainer = mg.Trainer(mg.GPT(config, backend="numpy"), corpus, settings)
    trainer.extra_metadata = metadata
    trainer.run()
    trainer.save(tmp_path)
    resumed = mg.Trainer.resume(tmp_path, corpus, backend="numpy")
    assert resumed.extra_metadata == metadata
    assert repr(resumed.history) == repr(trainer.history)  # a NaN is not equal to itself


@pytest.mark.parametrize(
    "metadata",
    [{1: "a"}, {"a": {"b": {2: 3}}}, {"a": {1, 2}}, {"a": np.float32(1)}, {"a": 10**5000}],
    ids=["key", "nested key", "set", "float32", "digits"],
)
def test_metadata_that_could_not_be_read_again(tmp_path, metadata):
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=3), backend="numpy")
    with pytest.raises(mg.SettingError, match="metadata must be made of dictionaries with names"):
        mg.save(tmp_path, model, metadata=metadata)
    nested: dict = {}
    for _ in range(5000):
        nested = {"a": nested}
    with pytest.raises(mg.SettingError, match="metadata must be made of"):
        mg.save(tmp_path, model, metadata=nested)
    assert list(tmp_path.iterdir()) == []


class Words:
    vocab_size, bos_token_id, eos_token_id, default_prompt = 3, None, None, "a"

    def to_dict(self):
        return {"type": "words", "words": ["a", "b", "c"]}


def test_what_could_not_be_rebuilt_is_refused(tmp_path):
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=3), backend="numpy")
    with pytest.raises(mg.SettingError, match="tokenizer must be a CharTokenizer or BPE"):
        mg.save(tmp_path, model, Words())
    model.h[0].mlp = OwnMLP()
    with pytest.raises(
        mg.SettingError, match=r"model must be a GPT .* got a GPT with custom parts"
    ):
        mg.save(tmp_path, model)
    assert list(tmp_path.iterdir()) == []


def small_model(vocab_size=4):
    return mg.GPT(mg.GPTConfig.microgpt(vocab_size=vocab_size), backend="numpy")


@pytest.mark.parametrize("characters", ["ab", "abcd"])
def test_a_tokenizer_of_another_size_is_not_saved(tmp_path, characters):
    with pytest.raises(mg.SettingError, match=r"tokenizer must be one of 4 tokens; got CharTokeni"):
        mg.save(tmp_path, small_model(), CharTokenizer(characters))
    assert list(tmp_path.iterdir()) == []


def rewritten(file, change):
    """Write a checkpoint again after `change(header, arrays)`."""
    arrays = load_file(file)
    with safe_open(file, framework="np") as opened:
        header = json.loads(opened.metadata()["microgpt"])
    arrays = change(header, arrays) or arrays
    save_file(arrays, file, {"microgpt": json.dumps(header)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header, arrays: header["tokenizer"].update(characters="ab"), "has 3 tokens"),
        (lambda header, arrays: header["tokenizer"].update(characters="abcd"), "has 5 tokens"),
        (lambda header, arrays: header["config"].update(n_embd=32), "do not fit its configuration"),
        (lambda header, arrays: arrays | {"wpe.weight": arrays["wpe.weight"].astype("f8")},
         "must hold float32 or float64"),
        (lambda header, arrays: arrays | {"wpe.weight": arrays["wpe.weight"].reshape(4, -1)},
         "do not fit its configuration"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_each_other(tmp_path, change, message):
    file = mg.save(tmp_path, small_model(), CharTokenizer("abc"))
    rewritten(file, lambda header, arrays: None)
    assert mg.load(file, "numpy").model.config.vocab_size == 4
    rewritten(file, change)
    with pytest.raises(mg.FormatError, match=message):
        mg.load(file, "numpy")


def test_saving_waits_for_a_training_step(tmp_path, monkeypatch):
    """The lock is held while weights are written: no other thread trains meanwhile."""
    from microgpt.checkpoints import checkpoint

    write, free = checkpoint.write_safetensors, []

    def written(*arguments):
        thread = threading.Thread(target=lambda: free.append(LOCK.acquire(blocking=False)))
        thread.start()
        thread.join()
        return write(*arguments)

    monkeypatch.setattr(checkpoint, "write_safetensors", written)
    mg.save(tmp_path, small_model())
    assert free == [False]


def test_a_file_of_another_name_is_not_written_over(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    with pytest.raises(mg.MicrogptError, match="is a file that is there already"):
        mg.save(file, small_model())
    assert file.read_text() == "mine"
