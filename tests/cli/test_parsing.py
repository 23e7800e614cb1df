"""Wrong words on the command line: one line, with what to do."""

import pytest

from microgpt.cli import main


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
        ("train --steps", "train: --steps needs a value (one that begins with a dash: --steps="),
        ("train --stpes 3", "train: there is no option --stpes; did you mean --steps?"),
        ("train --n_layer=3", "train: there is no option --n_layer; did you mean --n-layer?"),
        ("doctor --zzz", "doctor: there is no option --zzz; see `microgpt doctor --help`"),
        ("trian", "there is no command 'trian'; did you mean train? See `microgpt --help`"),
        ("fly", "there is no command 'fly'; known: lab, tokenize, train, sample,"),
        ("--versoin", "there is no option --versoin before a command; did you mean --version?"),
        ("--backend numpy train", "there is no option --backend before a command"),
        ("", "something is missing: COMMAND; see `microgpt --help`"),
        ("sample", "sample: something is missing: source"),
        ("sample names more", "sample: unexpected argument 'more'"),
        ("train --corpus=", "train: --corpus needs a value; got an empty one"),
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
    assert "needs a value; got an empty one" in refused(words, capsys)
