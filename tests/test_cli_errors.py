"""Wrong words on the command line: one line in its own language, with what to do."""

import ast
import copy
import os
from pathlib import Path

import pytest

import microgpt
from microgpt import backends, checkpoints
from microgpt._io import downloads, memory
from microgpt.cli import main, memory_check
from microgpt.cli.error_messages import message
from microgpt.cli.main import parser
from microgpt.config import GPTConfig, TrainConfig
from microgpt.errors import (
    PYTHON,
    Described,
    DownloadError,
    FormatError,
    SettingError,
    SettingWarning,
    ShapeError,
    SizeError,
)
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
        ("train --steps many", "train: --steps must be an integer; got 'many'"),
        ("train --steps 1.5", "train: --steps must be an integer; got '1.5'"),
        ("sample names --temperature warm", "sample: --temperature must be a number; got 'warm'"),
        ("sample names -n x", "sample: -n/--num-samples must be an integer; got 'x'"),
        (
            "train --format txt",
            "train: --format must be lines or text; got 'txt'; did you mean text?",
        ),
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


def test_a_long_value_is_shortened():
    text = str(SettingError("corpus", "a name", "x" * 1000))
    assert len(text) < 130
    assert text.endswith("x…")


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


def test_an_error_of_settings_is_of_both_classes():
    error = SizeError("n_embd", "a multiple of {n_head}", 10, n_head=4)
    assert isinstance(error, SettingError)
    assert isinstance(error, ShapeError)
    assert (error.name, error.expected, error.got) == ("n_embd", "a multiple of {n_head}", 10)


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


def raised_settings():
    """Every SettingError that the package raises: its file and line, its name and arguments."""
    for file in sorted(Path(microgpt.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "SettingError",
                "SizeError",
            ):
                yield f"{file.name}:{node.lineno}", node


def test_every_setting_error_has_its_fields():
    """A sentence of its own would be one that the command line cannot write with its options."""
    count = 0
    for where, node in raised_settings():
        count += 1
        named = {keyword.arg for keyword in node.keywords}
        assert len(node.args) >= 2 or named & {"expected", "choices"}, where
    assert count > 150


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--n-layer", "1000000000"], "parameters, which takes"),
        (["--n-layer", "1000000", "--n-embd", "1", "--n-head", "1"], "parameters, which takes"),
        (["--n-embd", "1000000"], "12,000,070,000,000 parameters, which takes 175 TiB or more"),
        (["--block-size", "10000000000"], "--n-embd, --n-layer and --block-size must be smaller"),
        (["--batch-size", "1000000000"], "a batch of 1,000,000,000, which takes"),
        (
            ["--corpus", "story", "--format", "text", "--batch-size", "100000000"],
            "a batch of 100,0",
        ),
    ],
)
def test_what_does_not_fit_is_refused_at_once(options, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(memory_check, "available_memory", lambda: 10 * GIB)
    assert main(["train", "--backend", "numpy", "--steps", "1", *options]) == 1
    said = capsys.readouterr()
    assert message in said.err
    assert "smaller, to train in the 10 GiB of memory available; got a" in said.err
    assert said.err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_a_model_that_fits_is_not_refused(monkeypatch):
    shape, config = GPTConfig.preset("gpt2-124M"), TrainConfig()
    need = 16 * memory_check.parameter_count(shape)
    monkeypatch.setattr(memory_check, "available_memory", lambda: 2 * need)
    memory_check.check_fits_memory(shape, config, 2)
    monkeypatch.setattr(memory_check, "available_memory", lambda: need)
    with pytest.raises(SettingError, match=r"124,439,808 parameters, which takes 1\.85 GiB"):
        memory_check.check_fits_memory(shape, config, 2)


@pytest.mark.parametrize("preset", ["microgpt", "gpt2-small-char", "char"])
def test_parameters_are_counted_without_a_model(preset):
    shape = GPTConfig.preset(preset)
    assert memory_check.parameter_count(shape) == sum(p.size for p in GPT(shape).parameters())


def test_available_memory_is_at_most_what_a_container_allows(monkeypatch):
    assert memory.available_memory() > 1 << 20
    assert memory.free_memory() <= memory.total_memory()
    monkeypatch.setattr(memory, "_container_limit", lambda: None)
    assert memory.available_memory() > 1 << 20
    monkeypatch.setattr(memory, "_container_limit", lambda: 5)
    assert memory.available_memory() == 5


def test_sizes_are_readable():
    assert [memory_check.format_bytes(n) for n in (0, 999, 1500, 10 * GIB, 3 << 72)] == [
        "0 bytes", "999 bytes", "1.46 KiB", "10 GiB", "12,288 EiB"
    ]  # fmt: skip


def test_a_text_longer_than_the_block_is_announced(tmp_path, capsys):
    model = GPT(GPTConfig(vocab_size=5, block_size=8))
    command = ["sample", str(checkpoints.save(tmp_path, model)), "--tokens", "1", "-n", "1"]
    assert main([*command, "--max-new-tokens", "30", "--backend", "numpy"]) == 0
    said = capsys.readouterr()
    assert len(said.out.split(",")) == 31
    assert said.err == (
        "microgpt: note: up to 30 tokens are generated, and the model's block holds 8: whenever it "
        "is full, the model goes on from the last 4\n"
    )
    assert main([*command, "--max-new-tokens", "8", "--backend", "numpy"]) == 0
    assert capsys.readouterr().err == ""


def test_a_model_that_is_no_gpt2_is_not_half_exported(tmp_path, capsys):
    assert main(["export", "names", str(tmp_path / "out"), "--backend", "numpy"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("microgpt: norm, activation, ")
    assert "as in GPT-2, to be written for other programs; got norm rmsnorm, " in said.err
    assert "`microgpt train --preset gpt2-small` trains such a model" in said.err
    assert said.err.count("\n") == 1
