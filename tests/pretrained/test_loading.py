"""`load_pretrained`: the bundled models, checkpoints of one's own, other programs' files, names."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from huggingface_files import config_json, folder_with, theirs
from peaks import PEAK
from pretrained.foreign import FOREIGN, export, nanogpt
from random_gpt2 import SMALL, load, random_model, require_equal

import microgpt as mg
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
    pairs = mg.NGram(27)
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


def test_a_loaded_model_is_in_evaluation_mode(tmp_path):
    folder = folder_with(tmp_path, theirs(random_model()), config_json())
    model = load(folder)
    assert model.config.dropout == 0.1  # GPT-2's, where config.json says nothing
    tokens = np.array([[1, 2, 3]])
    losses = {model.loss(tokens, tokens).item() for _ in range(3)}
    assert len(losses) == 1
    model.train()
    assert len({model.loss(tokens, tokens).item() for _ in range(3)}) > 1


def test_a_folder_of_that_name_wins(tmp_path, monkeypatch):
    model = random_model()
    monkeypatch.chdir(tmp_path)
    mg.save_pretrained("gpt2", model)
    with pytest.warns(UserWarning, match="gpt2 is read; the published 'gpt2' is loaded where"):
        require_equal(model, load("gpt2"))
    require_equal(model, load(tmp_path / "gpt2"))


MEASURE = f"""{PEAK}
import microgpt as mg

mg.GPT(backend="numpy")  # what is loaded on first use is no part of it
list(mg.generate(mg.load_pretrained("names", backend="numpy").model, [0], 3))
mg.load_pretrained(sys.argv[1], backend="numpy")
forget()
before = peak()
model = mg.load_pretrained(sys.argv[2], backend="numpy").model
loaded = peak()
list(mg.generate(model, [1, 2, 3], 16, temperature=0))
print(4 * model.parameter_count(), loaded - before, peak() - before)
"""


def test_loading_takes_no_more_than_the_weights(tmp_path):
    large = replace(SMALL, n_embd=512, n_head=8, n_layer=4, vocab_size=3000, block_size=64)
    small = mg.save_pretrained(tmp_path / "small", random_model())
    folder = mg.save_pretrained(tmp_path / "large", mg.GPT(large, seed=1, backend="numpy"))
    environment = {name: text for name, text in os.environ.items() if "POISON" not in name}
    output = subprocess.run(
        [sys.executable, "-c", MEASURE, str(small), str(folder)],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    weights, loaded, generated = map(int, output.split())
    assert weights > 50e6
    assert 0.9 * weights < loaded < 1.1 * weights
    assert generated < 1.3 * weights
    shutil.rmtree(folder)


def test_a_tokenizer_in_place_of_the_files(tmp_path):
    _, path = FOREIGN["padded vocabulary"].write(tmp_path)
    (path / "merges.txt").unlink()
    assert mg.load_pretrained(path, backend="numpy").model.config.vocab_size == 320
    other = mg.tokenizers.train_bpe("the cat sat on the mat, the cat sat still\n" * 3, 270)
    checkpoint = mg.load_pretrained(path, backend="numpy", tokenizer=other)
    assert checkpoint.tokenizer is other
    assert checkpoint.model.config.vocab_size == 270
    folder = mg.save(tmp_path / "own", checkpoint.model)
    assert mg.load_pretrained(folder, backend="numpy", tokenizer=other).tokenizer is other
    larger = mg.tokenizers.train_bpe(mg.load_corpus("story")[0], 321)
    own = mg.save(tmp_path / "with_its_own", checkpoint.model, other)
    with pytest.raises(mg.SettingError, match="tokenizer must be the one that the model was train"):
        mg.load_pretrained(own, backend="numpy", tokenizer=swapped(other))
    for source, tokenizer in ((path, larger), (folder, larger), (folder, gpt2_of_bytes())):
        with pytest.raises(
            mg.SettingError, match=r"tokenizer must be one of the [\d]+ tokens of the model in"
        ):
            mg.load_pretrained(source, backend="numpy", tokenizer=tokenizer)
    with pytest.raises(mg.SettingError, match="ignore_extra_heads must be"):
        mg.load_pretrained(path, ignore_extra_heads=1)


def swapped(tokenizer):
    """As many tokens, two of them with each other's ids."""
    order = [1, 0, *range(2, 256)]
    return mg.tokenizers.BPETokenizer(tokenizer.merges, byte_order=order)


def gpt2_of_bytes():
    return mg.tokenizers.BPETokenizer([])


def test_a_padded_table_that_lacks_rows_is_not_taken_for_a_smaller_one(tmp_path):
    original, path = FOREIGN["padded vocabulary"].write(tmp_path)
    original.tensors["transformer.wte.weight"] = original.tensors["transformer.wte.weight"][:290]
    original.write(tmp_path)
    with pytest.raises(mg.FormatError, match=r"wte.weight must have shape \(320, 8\).*\(290, 8\)"):
        mg.load_pretrained(path, backend="numpy")


def test_nanogpt_s_padded_vocabulary_has_gpt2_s_tokenizer(tmp_path, data, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    config = replace(SMALL, vocab_size=50_304, n_layer=1)
    original = export()
    original.model, original.files = random_model(config), {}
    nanogpt(original)
    checkpoint = mg.load_pretrained(original.write(tmp_path), backend="numpy", n_head=2)
    assert checkpoint.model.config.vocab_size == checkpoint.tokenizer.vocab_size == 50_257
