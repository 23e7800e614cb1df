"""Runs that are resumed, and settings that change on the way."""

import os
import signal
import subprocess
import sys
import time

import pytest
from cli_runs import SMALL, STORY, enable_interrupts, losses

import microgpt as mg
from microgpt.cli import main
from microgpt.cli.train_setup import _consistent, _warmup


def test_a_run_is_resumed_as_if_it_had_not_stopped(tmp_path, capsys):
    options = [
        "--lr-schedule",
        "constant",
        "--warmup-steps",
        "2",
        "--dropout",
        "0.2",
        "--eval-every",
        "4",
    ]
    straight = [*STORY, "--steps", "12", *options, "--out", str(tmp_path / "straight")]
    assert main(straight) == 0
    assert main([*STORY, "--steps", "5", *options, "--out", str(tmp_path / "part")]) == 0
    capsys.readouterr()
    again = ["train", "--backend", "numpy", "--resume", str(tmp_path / "part"), "--steps", "12"]
    assert main(again) == 0
    text = capsys.readouterr().out
    assert "resumed after 5 of 12 steps" in text
    assert "is kept as" not in text
    (expected, weights), (found, others) = losses(tmp_path / "straight"), losses(tmp_path / "part")
    assert found == expected
    for name, weight in weights.items():
        assert (others[name] == weight).all()


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_an_interrupted_run_is_resumed(tmp_path):
    command = [sys.executable, "-m", "microgpt", *STORY, "--steps", "200000", "--lr-schedule",
               "constant", "--out", "run", "--num-samples", "0"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"}, preexec_fn=enable_interrupts,
    )  # fmt: skip
    assert process.stdout is not None
    while "settings" not in process.stdout.readline():
        pass
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    done = len(losses(tmp_path / "run")[0])
    assert done > 1
    steps = ["--steps", str(done + 10)]
    assert main(["train", "--backend", "numpy", "--resume", str(tmp_path / "run"), *steps]) == 0
    straight = [
        *STORY,
        *steps,
        "--warmup-steps",
        "100",
        "--lr-schedule",
        "constant",
        "--num-samples",
        "0",
    ]
    assert main([*straight, "--out", str(tmp_path / "straight")]) == 0
    (found, _), (expected, _) = losses(tmp_path / "run"), losses(tmp_path / "straight")
    assert found == expected


def test_a_finished_run_says_so(trained, capsys):
    assert main(["train", "--resume", str(trained)]) == 0
    assert "this run is finished; to go on, give --steps" in capsys.readouterr().err


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run of a text file with GPT-2's recipe."""
    folder = tmp_path_factory.mktemp("stopped")
    (folder / "story.txt").write_text(mg.load_corpus("story")[0])
    command = ["train", "--corpus", str(folder / "story.txt"), "--format",
               "text", "--preset", "gpt2-small-char", *SMALL]  # fmt: skip
    options = [
        "--steps",
        "5",
        "--warmup-steps",
        "3",
        "--num-samples",
        "1",
        "--out",
        str(folder / "run"),
    ]
    assert main([*command, *options]) == 0
    return folder


def test_a_changed_run_is_checked_as_a_new_one(stopped, tmp_path, capsys):
    command = ["train", "--backend", "numpy", "--resume", str(stopped / "run")]
    out = ["--out", str(tmp_path / "out")]
    assert main([*command, "--steps", "6", "--epochs", "2"]) == 1
    assert "--steps and --epochs must be given one without the other" in capsys.readouterr().err
    for option in ("--seed", "--grad-accum-steps", "--batch-size"):
        assert main([*command, option, "7"]) == 1
        assert f"microgpt: {option} must be " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*command, *out, "--steps", "6", "--lr", "5e-5"]) == 0  # below the recipe's min_lr
    notes = mg.load(tmp_path / "out").metadata
    assert (notes["lr"], notes["min_lr"], notes["warmup_steps"]) == (5e-5, 5e-6, 3)
    assert main([*command, *out, "--steps", "6", "--optimizer", "adam"]) == 0
    assert mg.load(tmp_path / "out").metadata["weight_decay"] is None
    assert main([*command, *out, "--steps", "6", "--lr-schedule", "constant"]) == 0
    assert mg.load(tmp_path / "out").metadata["min_lr"] == 0


def test_a_corpus_that_has_moved_is_remembered(stopped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    moved = tmp_path / "moved.txt"
    moved.write_text((stopped / "story.txt").read_text())
    command = ["train", "--backend", "numpy", "--out", "run", "--num-samples", "1"]
    assert main([*command, "--resume", str(stopped / "run"), "--corpus", "moved.txt"]) == 0
    assert mg.load("run").metadata["source"] == str(moved)
    assert mg.load(stopped / "run").metadata["source"] == str(stopped / "story.txt")


@pytest.mark.parametrize(
    ("preset_warmup", "args", "expected"),
    [
        (100, {}, {}),
        (100, {"steps": 50}, {"warmup_steps": 5}),
        (100, {"steps": 5000}, {"warmup_steps": 100}),
        (0, {"steps": 5000}, {"warmup_steps": 0}),
        (100, {"steps": -50}, {"warmup_steps": 0}),  # which the configuration refuses
        (100, {"epochs": 2}, {"warmup_steps": 0}),
    ],
)
def test_a_presets_warmup_takes_at_most_a_tenth_of_a_run(preset_warmup, args, expected):
    assert _warmup({"warmup_steps": preset_warmup}, args) == expected


@pytest.mark.parametrize(
    ("settings", "args", "expected"),
    [
        ({"epochs": 3}, {"steps": 5}, {"steps": 5, "epochs": None}),
        ({"steps": 3}, {"epochs": 5}, {"epochs": 5}),
        ({"weight_decay": 0.1}, {"optimizer": "adam"}, {"optimizer": "adam", "weight_decay": None}),
        ({"min_lr": 0.1}, {"lr": 0.05}, {"lr": 0.05, "min_lr": 0.005}),
        ({"min_lr": 0.1}, {"lr": 5.0}, {"lr": 5.0, "min_lr": 0.1}),
        ({"min_lr": 0.1}, {"lr": 0.05, "min_lr": 0.01}, {"lr": 0.05, "min_lr": 0.01}),
        ({"min_lr": 0.0}, {"lr": 0.05}, {"lr": 0.05}),
        (
            {"min_lr": 0.1},
            {"lr_schedule": "constant"},
            {"lr_schedule": "constant", "min_lr": 0.0},
        ),
        ({}, {"val_fraction": 0.0}, {"val_fraction": 0.0, "eval_train": False}),
    ],
)
def test_what_an_option_contradicts_gives_way(settings, args, expected):
    assert _consistent(settings, args) == expected
