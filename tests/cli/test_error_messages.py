"""Errors of the library in the language of the command line."""

import copy

import pytest

from microgpt._io import downloads
from microgpt.cli import main
from microgpt.cli.error_messages import message
from microgpt.cli.main import parser
from microgpt.errors import (
    PYTHON,
    Described,
    DownloadError,
    FormatError,
    SettingError,
    SettingWarning,
    SizeError,
)


def written(error, command="train"):
    """An error as a command writes it."""
    return message(error, parser().parse_args(command.split()).parser.notation())


@pytest.mark.parametrize(
    ("error", "python", "options"),
    [
        (SettingError("n_embd", "a positive integer", 0),
         "n_embd must be a positive integer; got 0",
         "--n-embd must be a positive integer; got 0"),
        (SettingError("optimizer", got="adm", choices=("adam", "adamw")),
         "optimizer must be one of 'adam', 'adamw'; got 'adm'; did you mean 'adam'?",
         "--optimizer must be one of adam, adamw; got adm; did you mean adam?"),
        (SettingError("weight_decay", "0 for Adam", 0.1, "set {optimizer}", optimizer="adamw"),
         "weight_decay must be 0 for Adam; got 0.1; set optimizer='adamw'",
         "--weight-decay must be 0 for Adam; got 0.1; set --optimizer adamw"),
        (SettingError("min_lr", "from 0 to {lr}", 1.0, ("leave {min_lr} out", "x"), lr=0.01),
         "min_lr must be from 0 to lr=0.01; got 1.0; leave min_lr out, or x",
         "--min-lr must be from 0 to --lr 0.01; got 1.0; leave --min-lr out, or x"),
        (SettingError(("steps", "epochs"), "given one without the other", (3, 2)),
         "steps and epochs must be given one without the other; got steps=3, epochs=2",
         "--steps and --epochs must be given one without the other; got --steps 3, --epochs 2"),
        (SettingError("top_p", "above 0", 0, "choose {n_layer}"),
         "top_p must be above 0; got 0; choose n_layer",
         "top_p must be above 0; got 0; choose --n-layer"),
        (SettingError("qkv_bias", "left out", True, "set {qkv_bias}", qkv_bias=False),
         "qkv_bias must be left out; got True; set qkv_bias=False",
         "--qkv-bias must be left out; got True; set --no-qkv-bias"),
        (SettingError("model", "a GPT", dict),
         "model must be a GPT; got dict",
         "model must be a GPT; got dict"),
        (SettingError("tokens", "one row", Described("shape (2, 3)")),
         "tokens must be one row; got shape (2, 3)",
         "tokens must be one row; got shape (2, 3)"),
        (SettingError("corpus", "a file", "my file"),
         "corpus must be a file; got 'my file'",
         "--corpus must be a file; got 'my file'"),
        (SizeError("n_embd", "a multiple of {n_head}", 10, n_head=4),
         "n_embd must be a multiple of n_head=4; got 10",
         "--n-embd must be a multiple of --n-head 4; got 10"),
        (FormatError("a.bin has no tokenizer", ("give {vocabulary}", "add {tokenizer}")),
         "a.bin has no tokenizer; give vocabulary, or add tokenizer",
         "a.bin has no tokenizer; add --tokenizer"),
        (SettingWarning("3 texts were cut", "raise {block_size}"),
         "3 texts were cut; raise block_size",
         "3 texts were cut; raise --block-size"),
    ],
    ids=lambda part: str(part)[:30],
)  # fmt: skip
def test_an_error_names_settings_as_python_and_as_options(error, python, options):
    assert str(error) == python
    assert written(error) == options
    assert copy.copy(error).render(PYTHON) == python


@pytest.mark.parametrize(
    ("value", "python", "options"),
    [
        (0, "seed=0", "--seed 0"),
        (0.0, "seed=0.0", "--seed 0.0"),
        ("", "seed=''", "--seed ''"),
        ("a b", "seed='a b'", "--seed 'a b'"),
        (True, "seed=True", "--seed"),
        (False, "seed=False", "no --seed"),
        (None, "seed=None", "no --seed"),
    ],
)
def test_a_setting_of_zero_is_not_a_setting_left_out(value, python, options):
    error = SettingError("lr", "another with {seed}", 1.5, seed=value)
    assert str(error) == f"lr must be another with {python}; got 1.5"
    assert written(error) == f"--lr must be another with {options}; got 1.5"


@pytest.mark.parametrize(
    "sentence",
    [
        "the prompt has 3 steps to go, and the seed of it all is clip art",
        "/data/n_head/{steps}.txt is not UTF-8 text: byte 3 cannot be read",
        "model.safetensors is not a microgpt checkpoint: n_head must be a positive integer",
    ],
)
def test_what_is_no_setting_stays_as_it_is(sentence):
    assert written(FormatError(sentence)) == sentence


def test_names_that_are_like_nothing_are_not_suggested(tmp_path, capsys):
    (tmp_path / "x").write_bytes(b"nothing")
    for source in (str(tmp_path / "x"), "qqqqqq"):
        assert main(["sample", source]) == 1
        assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "near"),
    [
        (["train", "--preset", "gpt2-smal"], "gpt2-small"),
        (["train", "--corpus", "nmaes"], "names"),
        (["sample", "stroy"], "story"),
        (["train", "--backend", "nunba"], "numba"),
        (["assignment", "09.smaple", "--out", "x.ipynb"], "09.sample"),
    ],
)
def test_a_name_that_is_nearly_known_is_suggested(command, near, capsys):
    assert main(command) == 1
    assert capsys.readouterr().err.strip().endswith(f"; did you mean {near}?")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FileNotFoundError(2, "No such file", "a.txt"), "a.txt: no such file, or no such folder"),
        (IsADirectoryError(21, "Is a directory", "a"), "a: a folder is there where a file"),
        (PermissionError(13, "Permission denied", "a"), "a: not to be read or written by you"),
        (OSError(28, "No space left on device", "a"), "a: No space left on device"),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
)
def test_what_the_system_refuses(error, text):
    assert message(error, PYTHON).startswith(text)


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        (["train", "--tokenizer", "gpt2"],
         "train a tokenizer on the --corpus, with bpe:1000 as --tokenizer, or put the file from"),
        (["sample", "names", "--tokenizer", "gpt2"],
         "name a merges.txt or vocab.bpe that you have as --tokenizer, or put the file from"),
        (["reproduce", "gpt2", "--weights", "names", "--corpus", "names-mini"],
         "; put the file from"),
    ],
    ids=lambda part: part[0],
)  # fmt: skip
def test_what_helps_without_a_network(command, remedy, capsys, monkeypatch, tmp_path):
    from microgpt.tokenizers import gpt2_vocab

    def fail(remote):
        raise DownloadError(f"{remote.file_name} could not be fetched", downloads._remedies(remote))

    monkeypatch.setattr(gpt2_vocab.downloads, "fetch", fail)
    monkeypatch.setattr(gpt2_vocab, "local_candidates", lambda: [])
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--backend", "numpy"]) == 1
    assert remedy in capsys.readouterr().err
