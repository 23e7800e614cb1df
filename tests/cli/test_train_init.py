"""`microgpt train --init-from`: fine-tuning of models of one's own and of other programs."""

import json

import numpy as np
import pytest
from cli_runs import losses
from pretrained.foreign import FOREIGN

import microgpt as mg
from microgpt.cli import main
from microgpt.cli.train_defaults import fine_tuning_defaults

TEXT = "the cat sat on the mat, and the other cat sat on the hat\n\n" * 60


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "cats.txt"
    path.write_text(TEXT)
    return ["--corpus", str(path), "--format", "text"]


def train(*options):
    return main(["train", "--backend", "numpy", "--num-samples", "1", *map(str, options)])


@pytest.mark.parametrize(
    "name",
    [
        "as exported",
        "tokenizer.json, pairs",
        "nanoGPT compiled, no biases",
        "the book, no qkv biases",
        "padded vocabulary",
        "extra head, ignored",
    ],
)
def test_any_model_is_fine_tuned_with_its_own_tokenizer(tmp_path, corpus, capsys, name):
    case = FOREIGN[name]
    original, path = case.write(tmp_path / "model")
    options = ["--n-head", 2] if "n_head" in case.options else []
    options += ["--ignore-extra-heads"] if "ignore_extra_heads" in case.options else []
    out = tmp_path / "run"
    command = [*corpus, *options, "--steps", 12, "--lr", 0.003, "--out", out]
    assert train("--init-from", path, *command) == 0
    printed = capsys.readouterr().out
    assert "settings: " in printed
    assert "optimizer adamw" in printed
    tuned = mg.load(out, "numpy")
    assert tuned.tokenizer.to_dict() == {**original.tokenizer.to_dict(), "counts": None}
    trained = mg.load_pretrained(path, backend="numpy", **case.options).model
    assert tuned.model.config == trained.config
    ids = np.array([tuned.tokenizer.encode("the cat sat on the mat, and")[:12]])
    before, after = (m.eval().loss(ids[:, :-1], ids[:, 1:]).item() for m in (trained, tuned.model))
    assert after < before
    first = losses(out)[0][0]
    assert first < 1.5 * before, "training starts from the weights"
    assert main(["sample", str(out), "-n", "1", "--stop", "the", "--backend", "numpy"]) == 0


def test_a_fine_tuned_model_is_resumed_as_if_it_had_not_stopped(tmp_path, corpus):
    _, path = FOREIGN["untied head"].write(tmp_path / "model")
    options = ["--init-from", path, *corpus, "--dropout", 0.2, "--block-size", 8]
    assert train(*options, "--steps", 8, "--out", tmp_path / "straight") == 0
    assert train(*options, "--steps", 3, "--out", tmp_path / "part") == 0
    (path / "model.safetensors").unlink()  # a run needs it no more
    assert train("--resume", tmp_path / "part", "--steps", 8) == 0
    (expected, weights), (found, others) = losses(tmp_path / "straight"), losses(tmp_path / "part")
    assert found == expected
    for name, weight in weights.items():
        assert (others[name] == weight).all(), name
    checkpoint = mg.load(tmp_path / "part", "numpy")
    assert checkpoint.metadata["init_from"] == str(path)
    config = checkpoint.model.config
    assert (config.block_size, config.dropout, config.tie_weights) == (8, 0.2, False)


def test_the_seed_is_that_of_dropout_too(tmp_path, corpus):
    _, path = FOREIGN["as exported"].write(tmp_path / "model")
    settings = ["--steps", 1, "--seed", 7, "--dropout", 0.1, "--out", tmp_path / "run"]
    assert train("--init-from", path, *corpus, *settings) == 0
    texts = mg.load_corpus(corpus[1], format="text")
    assert mg.Trainer.resume(tmp_path / "run", texts, backend="numpy").model.dropout_seed == 7


def test_a_run_of_one_s_own_and_a_model_inside(tmp_path, capsys):
    assert train("--init-from", "names", "--steps", 3, "--out", tmp_path / "a") == 0
    assert "GPT(4,192 parameters" in capsys.readouterr().out
    before = mg.load_pretrained("names", backend="numpy").model.state_dict()
    tuned = mg.load(tmp_path / "a", "numpy")
    assert tuned.tokenizer.characters == mg.load_pretrained("names").tokenizer.characters
    for name, weight in tuned.model.state_dict().items():
        assert 0 < np.abs(weight - before[name]).max() < 0.01, name
    assert train("--init-from", tmp_path / "a", "--steps", 2, "--out", tmp_path / "b") == 0


def test_a_smaller_block_keeps_the_first_positions(tmp_path, corpus):
    original, path = FOREIGN["as exported"].write(tmp_path / "model")
    out = tmp_path / "run"
    settings = ["--block-size", 5, "--steps", 1, "--lr", 1e-9, "--weight-decay", 0]
    assert train("--init-from", path, *corpus, *settings, "--out", out) == 0
    for name, weight in mg.load(out, "numpy").model.state_dict().items():
        expected = original.model.state_dict()[name][: len(weight)]
        np.testing.assert_allclose(weight, expected, atol=1e-8)


CONTRADICTIONS = [
    (["--preset", "gpt2-124M"], "--preset must be left out with --init-from: the model is as"),
    (["--n-layer", "1", "--n-embd", "8"], "--n-layer and --n-embd must be left out with --init-f"),
    (["--no-qkv-bias"], "must be left out with --init-from"),
    (["--n-head", "4"], "--n-head must be 2, as "),
    (["--block-size", "13"], "--block-size must be at most 12, the positions that the model of"),
    (["--tokenizer", "gpt2"], "--tokenizer must be left out with --init-from: the model has a"),
    (["--resume", "x"], "--init-from and --format must be left out with --resume"),
]


@pytest.mark.parametrize(("options", "message"), CONTRADICTIONS)
def test_what_contradicts_the_model_is_refused_by_name(tmp_path, corpus, capsys, options, message):
    _, path = FOREIGN["as exported"].write(tmp_path / "model")
    assert train("--init-from", path, *corpus, *options, "--out", tmp_path / "run") == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_options_that_need_a_trained_model(tmp_path, capsys):
    for options in ([], ["--resume", tmp_path]):
        assert train("--ignore-extra-heads", *options, "--out", tmp_path / "run") == 1
        assert (
            "--ignore-extra-heads must be left out without --init-from" in capsys.readouterr().err
        )


def test_a_model_without_a_tokenizer_is_given_one(tmp_path, corpus, capsys):
    _, path = FOREIGN["padded vocabulary"].write(tmp_path / "model")
    (path / "merges.txt").rename(tmp_path / "merges.txt")
    (path / "vocab.json").rename(tmp_path / "vocab.json")
    command = ["--init-from", path, *corpus, "--steps", 1, "--out", tmp_path / "run"]
    assert train(*command) == 1
    assert "holds no tokenizer; name the one it was trained with, such as --tokenizer gpt2" in (
        capsys.readouterr().err
    )
    for name in ("char", "bpe:300"):
        assert train(*command, "--tokenizer", name) == 1
        assert "--tokenizer must be the one that the model of" in capsys.readouterr().err
    assert train(*command, "--tokenizer", tmp_path / "merges.txt") == 0
    tuned = mg.load(tmp_path / "run", "numpy")
    assert tuned.model.config.vocab_size == tuned.tokenizer.vocab_size == 300


def test_shards_of_the_model_s_tokenizer_and_of_another(tmp_path, capsys):
    original, path = FOREIGN["as exported"].write(tmp_path / "model")
    text, folder = tmp_path / "cats.txt", tmp_path / "tokens"
    text.write_text(TEXT)
    (tmp_path / "tokenizer.json").write_text(json.dumps(original.tokenizer.to_dict()))
    folder.mkdir()
    tokens = np.array(original.tokenizer.encode(TEXT), np.uint16)
    mg.data.write_shard(folder / "train.bin", tokens)
    command = ["--init-from", path, "--corpus", folder, "--steps", 1, "--out", tmp_path / "run"]
    assert train(*command) == 0
    (tmp_path / "tokenizer.json").rename(folder / "tokenizer.json")
    assert train(*command) == 0
    other = mg.tokenizers.train_bpe(TEXT, 270)
    (folder / "tokenizer.json").write_text(json.dumps(other.to_dict()))
    capsys.readouterr()
    assert train(*command) == 1
    assert "--corpus must be tokens of the model's own tokenizer with --init-from" in (
        capsys.readouterr().err
    )


def test_larger_models_are_tuned_with_smaller_steps():
    rates = [fine_tuning_defaults(width, 1024)["lr"] for width in (16, 128, 768, 1600)]
    assert rates == [0.002, 2e-4, 3e-5, 2e-5]
