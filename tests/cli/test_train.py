"""`microgpt train`: what it prints and saves, and wrong settings."""

import os
import signal
import subprocess
import sys
import time

import pytest
from cli_runs import STORY, enable_interrupts

import microgpt as mg
from microgpt.cli import main


def test_train_says_what_it_did(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "--corpus", "names-mini", "--preset", "microgpt", "--steps", "40",
                 "--backend", "numpy", "--out", str(out)]) == 0  # fmt: skip
    text = capsys.readouterr().out
    for part in ("6,632 lines", "4,192 parameters", "on numpy", "validation loss", "samples: '"):
        assert part in text
    assert (out / "model.safetensors").is_file()
    assert f"saved: {out / 'model.safetensors'}" in text


def test_own_file(tmp_path, capsys):
    file = tmp_path / "mine.txt"
    file.write_text("anna\nbo\nceline\n" * 3)
    options = ["--n-embd", "8", "--n-head", "2", "--block-size", "5", "--batch-size", "2"]
    command = ["train", "--corpus", str(file), "--steps", "5", "--out", str(tmp_path / "r")]
    assert main([*command, *options]) == 0
    said = capsys.readouterr()
    assert said.err.count("microgpt: note: 3 of 6 documents have more tokens than") == 1


def test_a_folder_that_cannot_be_written(trained, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["train", "--steps", "2", "--out", str(tmp_path / "file" / "run")]) == 1
    assert capsys.readouterr().err.strip().startswith("microgpt: ")


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_an_interrupt_saves_what_there_is(tmp_path):
    command = [sys.executable, "-m", "microgpt", "train", "--steps", "1000000", "--out", "run",
               "--backend", "numpy"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"}, preexec_fn=enable_interrupts,
    )  # fmt: skip
    assert process.stdout is not None
    assert "Corpus" in process.stdout.readline()
    process.stdout.readline()
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted after" in said
    assert "Traceback" not in said
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_train_with_everything(tmp_path, capsys):
    out, picture = tmp_path / "run", tmp_path / "pictures" / "loss.svg"
    options = [
        "--tokenizer", "bpe:300", "--optimizer", "adamw", "--weight-decay", "0.2", "--dropout",
        "0.1", "--grad-accum-steps", "2", "--batch-size", "4", "--stride", "64", "--epochs", "2",
        "--lr-schedule", "cosine", "--warmup-steps", "2", "--min-lr", "0.001", "--lr", "0.01",
        "--grad-clip", "0.5", "--eval-every", "3", "--eval-batches", "2", "--sample-every", "5",
        "--sample-prompt", "The", "--num-samples", "1", "--sample-max-new-tokens", "5",
        "--save-every", "4", "--plot", str(picture), "--out", str(out), "--seed", "3",
        "--no-qkv-bias",
    ]  # fmt: skip
    assert main([*STORY, *options]) == 0
    text = capsys.readouterr().out
    for part in (
        "vocabulary 300", "step 3, epoch 0.", "tokens seen: training loss", "validation loss",
        "perplexity", "step 5, sample: 'The", f"plot: {picture}", "lowest validation loss",
        "settings: steps", "optimizer adamw",
    ):  # fmt: skip
        assert part in text, part
    assert sorted(os.listdir(out)) == [
        "best.safetensors", "model.safetensors", "training.safetensors"
    ]  # fmt: skip
    assert picture.read_bytes().startswith(b"<?xml")
    checkpoint = mg.load(out)
    config, notes = checkpoint.model.config, checkpoint.metadata
    assert (config.dropout, config.qkv_bias, config.n_embd) == (0.1, False, 8)
    assert notes["steps_done"] == notes["steps"]
    assert notes["optimizer"] == "adamw"
    assert checkpoint.tokenizer.vocab_size == 300


def test_a_prompt_is_looked_at_before_training(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "--steps", "2", "--sample-prompt", "€", "--out", str(out)]) == 1
    assert "has no '€'" in capsys.readouterr().err
    assert not (out / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--steps", "3", "--epochs", "2"],
            "--steps and --epochs must be given one without the other",
        ),
        (["--tokenizer", "words"], "--tokenizer must be 'char', 'gpt2'"),
        (["--patience", "2"], "--eval-every must be above 0 with --patience 2"),
        (["--dropout", "1"], "--dropout must be at least 0 and below 1; got 1.0"),
        (["--optimizer", "sgd"], "--optimizer must be one of adam, adamw; got sgd"),
        (["--weight-decay", "0.1"], "set --optimizer adamw"),
        (
            ["--plot", "loss.gif"],
            "--plot must be a file name that ends in .png, .svg, .pdf; got loss.gif",
        ),
        (["--save-every", "0"], "--save-every must be a positive integer; got 0"),
        (["--resume", "nowhere"], "no training to resume at"),
        (["--resume", "nowhere", "--preset", "char"], "--preset must be left out with --resume"),
        (["--corpus", "{empty}"], "is a folder without a file named like *train*.bin"),
        (["--stride", "4"], "leave --stride out, or read the corpus with --format text"),
    ],
    ids=lambda part: str(part)[:40],
)
def test_wrong_settings_are_one_sentence(tmp_path, capsys, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    options = [str(tmp_path) if part == "{empty}" else part for part in options]
    assert main(["train", "--backend", "numpy", *options]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("microgpt: ")
    assert message in said
    assert "\n" not in said
    assert os.listdir(tmp_path) == []


def test_training_that_diverges_is_one_line(tmp_path, capsys):
    out = tmp_path / "run"
    command = ["train", "--steps", "3", "--lr", "1e30", "--backend", "numpy", "--out", str(out)]
    assert main(command) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("microgpt: ")
    assert "try a smaller --lr than 1e+30" in said
