"""Wrong words on the command line: one line in its own language, with what to do."""

import os
import re
from pathlib import Path

import pytest

import microgpt
from microgpt import backends, checkpoints
from microgpt.cli import main, memory_check
from microgpt.cli.main import parser
from microgpt.cli.wording import PHRASES, in_options, of_error
from microgpt.config import GPTConfig, TrainConfig
from microgpt.errors import DownloadError, FormatError, SettingError
from microgpt.models.gpt import GPT

GIB = 1 << 30


@pytest.fixture(autouse=True)
def restored():
    before = backends.current().name
    yield
    backends.use(before)


def refused(command, capsys):
    """What is said of a command that argparse or the parser refuses."""
    with pytest.raises(SystemExit) as stopped:
        main(command)
    said = capsys.readouterr()
    assert stopped.value.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err.strip()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train --steps many", "train: --steps wants a whole number; got 'many'"),
        ("train --steps 1.5", "train: --steps wants a whole number; got '1.5'"),
        ("sample names --temperature warm", "sample: --temperature wants a number; got 'warm'"),
        ("sample names -n x", "sample: -n/--count wants a whole number; got 'x'"),
        ("train --format txt", "train: --format wants lines or text; got 'txt'; did you mean text?"),
        ("train --steps", "train: --steps wants a value (one that begins with a dash: --steps="),
        ("train --stpes 3", "train: there is no option --stpes; did you mean --steps?"),
        ("train --n_layer=3", "train: there is no option --n_layer; did you mean --n-layer?"),
        ("doctor --zzz", "doctor: there is no option --zzz; see `microgpt doctor --help`"),
        ("trian", "there is no command 'trian'; did you mean train? See `microgpt --help`"),
        ("fly", "there is no command 'fly'; known: lab, tokenize, train, sample,"),
        ("--versoin", "there is no option --versoin before a command; did you mean --version?"),
        ("--backend numpy train", "there is no option --backend before a command"),
        ("", "something is missing: COMMAND; see `microgpt --help`"),
        ("sample", "sample: something is missing: source"),
        ("sample names more", "sample: nothing is expected where 'more' stands"),
        ("train --corpus=", "train: --corpus wants a value; got an empty one"),
        ("tokenize story --tokenizer char --", "tokenize: something is missing: out"),
        ("reproduce gpt2 --weights a --tokens b --corpus c", "not allowed with argument"),
        ("lab --port 8", "lab: put -- before JupyterLab's own options"),
    ],
)
def test_a_wrong_word_is_one_line(command, message, capsys):
    said = refused(command.split(), capsys)
    assert said.startswith("microgpt")
    assert message in said
    assert "usage" not in said
    program = said.partition(":")[0]
    assert said.endswith(f"ee `{program} --help`")


def test_numbers_of_any_length_are_shortened(capsys):
    said = refused(["train", "--seed", "9" * 10_000], capsys)
    assert len(said) < 150


@pytest.mark.parametrize("words", [["grade", "", "--seed", "1"], ["export", "names", ""]])
def test_an_empty_name_is_refused(words, capsys):
    assert "wants a value; got an empty one" in refused(words, capsys)


def test_an_empty_prompt_is_a_prompt(capsys):
    assert main(["sample", "names", "--prompt", "", "-n", "1", "--backend", "numpy"]) == 0


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("optimizer='sgd' is not known; known: 'adam', 'adamw'",
         "--optimizer sgd is not known; known: 'adam', 'adamw'"),
        ("Adam has no weight decay, and got weight_decay=0.1; set optimizer=\"adamw\"",
         "Adam has no weight decay, and got --weight-decay 0.1; set --optimizer adamw"),
        ("leave min_lr out, or set schedule=\"linear\" or \"cosine\"",
         "leave --min-lr out, or set --schedule linear or cosine"),
        ("min_lr must be from 0 to lr, 0.01", "--min-lr must be from 0 to --lr, 0.01"),
        ("x was trained with seed = 42; got 7", "x was trained with --seed 42; got 7"),
        ("patience looks at data; set held_out",
         "--patience looks at data; set --held-out"),
        ("top_p must be in (0, 1], or None to turn it off; got 2",
         "top_p must be above 0, and at most 1 (1 turns it off); got 2"),
        ("vocab_size must be a whole number from 257 to 300; got 1",
         "the N of --tokenizer bpe:N must be a whole number from 257 to 300; got 1"),
    ],
)  # fmt: skip
def test_settings_are_said_as_options(sentence, said):
    named = parser().parse_args(["train"]).parser.options()
    assert of_error(SettingError(sentence), named) == said


@pytest.mark.parametrize(
    "sentence",
    [
        "the prompt has 3 steps to go, and the seed of it all is clip art",
        "/data/n_head/steps.txt is not UTF-8 text: byte 3 cannot be read",
        "the vocabulary has no 'é' (character 1 of 'n_layer must be é')",
        "--n-layer and --steps stay what they are",
        "n_embd.txt is a folder",
        "a run goes on with the model it has; leave out --preset",
    ],
)
def test_other_words_stay_as_they_are(sentence):
    named = parser().parse_args(["train"]).parser.options()
    assert in_options(sentence, named) == sentence


def test_what_stands_in_a_file_is_no_option():
    named = parser().parse_args(["train"]).parser.options()
    sentence = "model.safetensors is not a microgpt checkpoint: n_head must be 1 or above"
    assert of_error(FormatError(sentence), named) == sentence


def test_training_that_diverges_is_one_line(tmp_path, capsys):
    out = tmp_path / "run"
    command = ["train", "--steps", "3", "--lr", "1e30", "--backend", "numpy", "--out", str(out)]
    assert main(command) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("microgpt: ")
    assert "try a smaller --lr than 1e+30" in said


def test_names_that_are_like_nothing_are_not_suggested(tmp_path, capsys):
    (tmp_path / "x").write_bytes(b"nothing")
    for source in (str(tmp_path / "x"), "qqqqqq"):
        assert main(["sample", source]) == 1
        assert "did you mean" not in capsys.readouterr().err


def test_every_phrase_is_of_the_library():
    """A sentence that was changed there must be changed here too."""
    folder = Path(microgpt.__file__).parent
    files = [file for file in folder.rglob("*.py") if file.parent.name != "cli"]
    source = "".join(file.read_text("utf-8") for file in files)
    source = re.sub(r'"\s*f?"', "", source)  # sentences that stand in several lines
    outside = ("Unable to allocate", "^vocab_size", "got vocab_size", "make the model")
    for python, _ in PHRASES:
        if not python.startswith(outside) and "2\\*\\*" not in python:
            assert re.search(python, source), python


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
    ("kind", "what"),
    [
        (FileNotFoundError(2, "No such file", "a.txt"), "a.txt: no such file, or no such folder"),
        (IsADirectoryError(21, "Is a directory", "a"), "a: a folder is there where a file"),
        (PermissionError(13, "Permission denied", "a"), "a: not to be read or written by you"),
        (OSError(28, "No space left on device", "a"), "a: No space left on device"),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
)
def test_what_the_system_refuses(kind, what):
    assert of_error(kind, {}).startswith(what)


@pytest.mark.parametrize(
    ("command", "instead"),
    [
        (["train"], "train a tokenizer of your own (--tokenizer bpe:1000); or put the file"),
        (
            ["sample", "names"],
            "name a merges.txt or vocab.bpe that you have (--tokenizer FILE); or",
        ),
        (["reproduce", "gpt2", "--weights", "x"], "Without a network, put the file from"),
    ],
)
def test_what_helps_without_a_network(command, offline_hint):
    from microgpt.tokenizers.gpt2_vocab import SOURCE

    error = DownloadError(f"Without a network, {SOURCE.offline_hint}; or put the file from there")
    said = of_error(error, parser().parse_args(command).parser.options())
    assert offline_hint in said
    assert "tokenizers." not in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--n-layer", "1000000000"], "parameters takes"),
        (["--n-layer", "1000000", "--n-embd", "1", "--n-head", "1"], "parameters takes"),
        (["--n-embd", "1000000"], "a model of 12,000,070,000,000 parameters takes 175 TiB or more"),
        (["--block-size", "10000000000"], "choose a smaller --n-embd, --n-layer, --block-size"),
        (["--batch-size", "1000000000"], "a batch of 1,000,000,000 takes"),
        (["--corpus", "story", "--format", "text", "--batch-size", "100000000"], "a batch of 100,0"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(options, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(memory_check, "available", lambda: 10 * GIB)
    assert main(["train", "--backend", "numpy", "--steps", "1", *options]) == 1
    said = capsys.readouterr()
    assert message in said.err
    assert "and 10 GiB of memory are available; choose" in said.err
    assert said.err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_a_model_that_fits_is_not_refused(monkeypatch):
    shape, config = GPTConfig.preset("gpt2-124M"), TrainConfig()
    need = 16 * memory_check.parameter_count(shape)
    for room in (None, 2 * need):
        monkeypatch.setattr(memory_check, "available", lambda room=room: room)
        memory_check.refuse_too_large(shape, config, 2)
    monkeypatch.setattr(memory_check, "available", lambda: need)
    with pytest.raises(SettingError, match=r"a model of 124,439,808 parameters takes 1\.85 GiB"):
        memory_check.refuse_too_large(shape, config, 2)


@pytest.mark.parametrize("preset", ["microgpt", "gpt2-small-char", "char"])
def test_parameters_are_counted_without_a_model(preset):
    shape = GPTConfig.preset(preset)
    assert memory_check.parameter_count(shape) == sum(p.size for p in GPT(shape).parameters())


def test_memory_is_known_or_not_asked_for(monkeypatch):
    known = memory_check.available()
    assert known is None or known > 1 << 20
    monkeypatch.setattr(memory_check, "_free", lambda: None)
    monkeypatch.setattr(memory_check, "_allowed", lambda: None)
    assert memory_check.available() is None
    monkeypatch.setattr(memory_check, "_allowed", lambda: 5)
    assert memory_check.available() == 5


def test_sizes_are_readable():
    assert [memory_check.size(n) for n in (0, 999, 1500, 10 * GIB, 3 << 72)] == [
        "0 bytes", "999 bytes", "1.46 KiB", "10 GiB", "12,288 EiB"
    ]  # fmt: skip


def test_a_text_longer_than_the_block_is_announced(tmp_path, capsys):
    model = GPT(GPTConfig(vocab_size=5, block_size=8))
    command = ["sample", str(checkpoints.save(tmp_path, model)), "--tokens", "1", "-n", "1"]
    assert main([*command, "--length", "30", "--backend", "numpy"]) == 0
    said = capsys.readouterr()
    assert len(said.out.split(",")) == 31
    assert said.err == (
        "microgpt: note: up to 30 tokens are written, and the model's block holds 8: whenever it "
        "is full, the model goes on from the last 4\n"
    )
    assert main([*command, "--length", "8", "--backend", "numpy"]) == 0
    assert capsys.readouterr().err == ""


def test_a_model_that_is_no_gpt2_is_not_half_exported(tmp_path, capsys):
    assert main(["export", "names", str(tmp_path / "out"), "--backend", "numpy"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("microgpt: only a model in the shape of GPT-2 can be written")
    assert "`microgpt train --preset gpt2-small` trains one" in said.err
    assert said.err.count("\n") == 1
