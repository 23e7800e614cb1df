"""The command, and wrong input: one sentence and a status, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

import microgpt as mg
from microgpt import checkpoints
from microgpt.cli import doctor_, entry_point, main


def test_the_installed_command_and_the_module(trained):
    command = Path(sys.executable).with_name("microgpt")
    for start in ([str(command)], [sys.executable, "-m", "microgpt"]):
        run = subprocess.run([*start, "--version"], capture_output=True, text=True, check=True)
        assert run.stdout.startswith("microgpt-lab 0.")
    run = subprocess.run(
        f"{command} sample {trained} -n 2000 | head -1",
        shell=True, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout.strip()
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (KeyboardInterrupt(), 130, "microgpt: interrupted"),
        (mg.MicrogptError("it\nbroke"), 1, "microgpt: it broke"),
        (FileNotFoundError(2, "no", "a.txt"), 1, "microgpt: a.txt: no such file, or no such"),
        (MemoryError("Unable to allocate 9 TiB for an array with shape (1,)"), 1,
         "microgpt: this needs more memory than there is: Unable to allocate 9 TiB for an array"),
    ],
    ids=lambda part: type(part).__name__,
)  # fmt: skip
def test_an_error_is_one_sentence_and_a_status(error, status, sentence, monkeypatch, capsys):
    def run(options):
        raise error

    monkeypatch.setattr(doctor_, "run", run)
    assert main(["doctor"]) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("outcome", "flushed", "expected"),
    [(0, True, 0), (1, True, 1), (130, True, 130), (BrokenPipeError(), True, 1),
     (SystemExit(2), True, 2), (0, False, 1), (130, False, 130)],
    ids=str,
)  # fmt: skip
def test_the_status_of_a_command_is_that_of_the_process(outcome, flushed, expected, monkeypatch):
    """What could not be printed is no success."""

    def run(options):
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr(doctor_, "run", run)
    monkeypatch.setattr(sys, "argv", ["microgpt", "doctor"])
    monkeypatch.setattr(sys.modules["microgpt.cli.main"], "flush_streams", lambda: flushed)
    with pytest.raises(SystemExit) as ended:
        entry_point()
    assert ended.value.code == expected


WRONG = [
    (["train", "--corpus", "nmaes"], "--corpus must be a text file, or one of names-mini, "),
    (["train", "--preset", "gtp"], "--preset must be one of microgpt, char, "),
    (["train", "--n-embd", "10"], "--n-embd must be a multiple of --n-head 4; got 10"),
    (["train", "--steps", "0"], "--steps must be"),
    (["train", "--lr", "nan"], "--lr must be above 0"),
    (["train", "--backend", "gpu"], "known: 'numpy', 'numba'"),
    (["train", "--val-fraction", "1"], "--val-fraction must be at least 0 and below 1; got 1.0"),
    (["sample", "/nowhere"], "source must be a checkpoint's path, or one of names, story"),
    (
        ["train", "--n-embd", "9" * 24],
        "--n-embd must be an integer from 1 to 9,223,372,036,854,775,807",
    ),
    (
        ["sample", "{run}", "--temperature", "-1"],
        "--temperature must be at least 0 and finite; got -1.0",
    ),
    (["sample", "{run}", "--top-k", "0"], "--top-k must be"),
    (
        ["sample", "{run}", "--top-p", "1.5"],
        "--top-p must be above 0 and at most 1; got 1.5",
    ),
    (["sample", "{run}", "--min-p", "2"], "--min-p must be at least 0 and at most 1; got 2.0"),
    (["sample", "{run}", "--prompt", "José"], "has no 'J' (character 1 of 'José')"),
    (
        ["sample", "{run}", "--prompt", "a", "--tokens", "1"],
        "--prompt and --tokens must be given one without the other",
    ),
    (["sample", "{run}", "--tokens", "1,x"], "--tokens must be ids such as 1,2,3; got 1,x"),
    (["sample", "{run}", "--tokens", "1,99"], "from 0 to 26; got 99 at index 1"),
    (["sample", "{run}", "--tokens", ","], "--tokens must be ids such as 1,2,3; got ,"),
    (["sample", "{run}", "--max-new-tokens", "0"], "--max-new-tokens must be a positive integer"),
    (["sample", "{mute}"], "or give token ids as --tokens 1,2,3"),
    (["sample", "{run}", "--seed", "-1"], "--seed must be an integer from 0 to"),
    (["sample", "{run}", "-n", "0"], "--num-samples must be a positive integer; got 0"),
    (["sample", "{broken}"], "broken.safetensors is not a complete safetensors file"),
]


@pytest.mark.parametrize(("command", "message"), WRONG, ids=lambda part: str(part)[:40])
def test_wrong_input_is_one_sentence(trained, tmp_path, capsys, command, message):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes((trained / "model.safetensors").read_bytes()[:500])
    mute = checkpoints.save(tmp_path / "mute", mg.GPT(mg.GPTConfig(vocab_size=5)))
    places = {"{run}": str(trained), "{broken}": str(broken), "{mute}": str(mute)}
    status = main([*(places.get(part, part) for part in command)])
    said = capsys.readouterr().err.strip()
    assert status == 1
    assert said.startswith("microgpt: ")
    assert message in said
    assert "\n" not in said
    assert "Traceback" not in said
