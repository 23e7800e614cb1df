"""The models inside the package: small, loadable, and what is said of them is true."""

from importlib import resources

import numpy as np
import pytest

import microgpt as mg
from microgpt.data import write_shard
from microgpt.pretrained import BUNDLED


def test_they_are_small():
    folder = resources.files("microgpt.pretrained") / "assets"
    sizes = [len((folder / f"{name}.safetensors").read_bytes()) for name in BUNDLED]
    assert sum(sizes) < 1_000_000


def test_names_beats_counting_pairs_on_names_it_never_saw():
    checkpoint = mg.load_pretrained("names", backend="numpy")
    assert checkpoint.model.parameter_count() == 4192
    corpus = mg.load_corpus(checkpoint.metadata["corpus"])
    config = mg.TrainConfig(val_fraction=checkpoint.metadata["val_fraction"])
    trainer = mg.Trainer(checkpoint.model, corpus, config)
    evaluation = trainer.evaluate()
    assert evaluation.loss == pytest.approx(2.394, abs=0.002)
    pairs = mg.Bigram(27)
    for name in trainer.train_data:
        tokens = trainer.tokenizer.encode(name, bos=True, eos=True)
        pairs.count(tokens[:-1], tokens[1:])
    comparison = trainer.compare(pairs.losses)
    assert comparison.improvement > 2 * comparison.stderr
    assert comparison.loss == pytest.approx(evaluation.loss + comparison.improvement)


def test_story_has_nearly_memorised_its_story():
    checkpoint = mg.load_pretrained("story", backend="numpy")
    corpus = mg.load_corpus("story")
    assert corpus.format == "text"
    assert 19_500 <= len(corpus[0].encode()) <= 20_500
    trained = corpus.split(checkpoint.metadata["val_fraction"])[0]
    config = mg.TrainConfig(val_fraction=0, eval_documents=40)
    loss = mg.Trainer(checkpoint.model, trained, config, checkpoint.tokenizer).evaluate(trained)
    assert loss.loss < 0.35  # nats a letter: of 59 letters, it sees little more than one


def test_an_unknown_name_says_what_is_known():
    with pytest.raises(mg.SettingError, match="one of 'names', 'story', 'gpt2', 'gpt2-medium'"):
        mg.load_pretrained("gpt5")
    with pytest.raises(
        mg.SettingError, match=r"source must be a checkpoint's path, or one of .*; got '/nowhere"
    ):
        mg.load_pretrained("/nowhere")
    for text in ("x" * 5000, "\0", "\ud800"):
        with pytest.raises(mg.SettingError, match="source must be a checkpoint's path"):
            mg.load_pretrained(text)


def test_a_home_that_nobody_knows(tmp_path):
    path = "~nosuchuser/x"
    config = mg.GPTConfig.preset("gpt2-small-char", n_layer=1)
    for use in (
        lambda: mg.load_pretrained(path),
        lambda: mg.save_pretrained(path, mg.GPT(config, backend="numpy")),
        lambda: mg.tokenizers.gpt2(path),
    ):
        with pytest.raises(
            mg.SettingError, match=r"home folder is not known .*; got '~nosuchuser/x'"
        ):
            use()


@pytest.mark.parametrize("source", [None, 7, "", ["names"]])
def test_a_source_that_is_none(source):
    with pytest.raises(
        mg.SettingError, match="source must be the path or the name of a model; got"
    ):
        mg.load_pretrained(source)


def test_a_checkpoint_of_one_s_own_comes_through_the_same_door(tmp_path, monkeypatch):
    config = mg.GPTConfig(vocab_size=5, block_size=4, n_embd=8, n_head=2)
    model = mg.GPT(config, seed=3, backend="numpy")
    tokenizer = mg.tokenizers.CharTokenizer("abcd")
    path = mg.save(tmp_path / "names", model, tokenizer, {"steps": 7})
    for source in (tmp_path / "names", path, str(path)):
        checkpoint = mg.load_pretrained(source, backend="numpy")
        assert checkpoint.model.config == config
        assert checkpoint.tokenizer.characters == tokenizer.characters
        assert checkpoint.metadata == {"steps": 7}
    with pytest.raises(mg.SettingError, match=r"n_head must be 2, as .* has it; got 4"):
        mg.load_pretrained(path, n_head=4)
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="names is read; the published 'names' is loaded where"):
        assert mg.load_pretrained("names", backend="numpy").model.config == config


def test_a_folder_that_is_only_a_namesake_hides_no_model_of_the_package(tmp_path, monkeypatch):
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "notes.txt").write_text("mine", "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="names holds no model; 'names' inside the package is"):
        checkpoint = mg.load_pretrained("names", backend="numpy")
    assert checkpoint.model.config.vocab_size == 27
    with pytest.raises(mg.FormatError, match="no checkpoint"):
        mg.load_pretrained(tmp_path / "names")


FOREIGN = {
    "empty": (b"", "is of no known format"),
    "text": (b"A model, or is it?\n", "is of no known format"),
    "zip": (b"PK\x03\x04" + bytes(100), "nothing is unpickled here"),
    "pickle": (b"\x80\x02}q\x00.", "convert it to safetensors"),
    "llm.c's shard": ((20240520).to_bytes(4, "little") + bytes(1020), "is a token shard"),
    "other byte order": ((20240326).to_bytes(4, "big") + bytes(1020), "big-endian"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_the_content_says_what_a_file_is(tmp_path, kind):
    content, message = FOREIGN[kind]
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(content)
    with pytest.raises(mg.FormatError, match=message) as refused:
        mg.load_pretrained(path)
    assert str(path) in str(refused.value)


def test_a_folder_of_pickles_is_refused(tmp_path):
    with pytest.raises(mg.FormatError, match="there is no checkpoint at"):
        mg.load_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"PK\x03\x04")
    with pytest.raises(mg.FormatError, match=r"pytorch_model.bin is a pickle, or may be one"):
        mg.load_pretrained(tmp_path)


def test_names_of_files_do_not_matter(tmp_path):
    config = mg.GPTConfig.preset(
        "gpt2-124M", vocab_size=11, block_size=6, n_layer=1, n_head=1, n_embd=64
    )
    model = mg.GPT(config, seed=3, backend="numpy")
    folder = mg.save_pretrained(tmp_path / "hf", model)
    file = mg.save_pretrained(tmp_path / "c", model, format="llmc")
    for name, source in (("a", folder / "model.safetensors"), ("b", file)):
        (tmp_path / name).write_bytes(source.read_bytes())
        loaded = mg.load_pretrained(tmp_path / name, backend="numpy").model
        for parameter, array in model.state_dict().items():
            np.testing.assert_array_equal(loaded.state_dict()[parameter], array)
    (tmp_path / "c" / "other.bin").write_bytes(file.read_bytes())
    with pytest.raises(mg.FormatError, match=r"holds 2 models, model.bin, other.bin; give"):
        mg.load_pretrained(tmp_path / "c")


def test_llm_c_s_fixtures_come_through_the_same_door(fixtures):
    models = [
        mg.load_pretrained(fixtures / "llmc" / f"{name}.bin", backend="numpy").model
        for name in ("tiny_v1", "tiny_v3", "tiny_v5_bf16")
    ]
    for name, array in models[0].state_dict().items():
        np.testing.assert_array_equal(models[1].state_dict()[name], array)
        np.testing.assert_allclose(models[2].state_dict()[name], array, rtol=2**-8)


def test_no_unit_of_the_names_model_is_dead():
    checkpoint = mg.load_pretrained("names", backend="numpy")
    names = mg.load_corpus("names-mini")[::40]
    active = np.zeros(64, bool)

    def look(name, node):
        if name.endswith("mlp.hidden"):
            active[:] |= (node.numpy() > 0).any(axis=(0, 1))
        return node

    from microgpt.autograd.engine import hook_activations, no_grad

    with no_grad(), hook_activations(look):
        for name in names:
            checkpoint.model([checkpoint.tokenizer.encode(name, bos=True)])
    assert active.sum() >= 60


def test_a_folder_of_token_shards_is_no_model(tmp_path):
    write_shard(tmp_path / "train.bin", [1, 2, 3])
    with pytest.raises(mg.FormatError, match="token shard"):
        mg.load_pretrained(tmp_path)
