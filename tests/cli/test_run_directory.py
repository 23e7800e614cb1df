"""The files of a run, and those of the run that was there before."""

import os

import pytest
from cli_runs import NAMES, STORY, contents

import microgpt as mg
from microgpt._io.atomic_write import atomic_write
from microgpt.cli import main
from microgpt.cli.run_directory import RunDirectory


def test_a_run_that_was_there_is_kept_whole(tmp_path, capsys):
    out = tmp_path / "run"
    command = [*STORY, "--steps", "2", "--num-samples", "1", "--out", str(out)]
    assert main([*command, "--eval-every", "1"]) == 0
    first = contents(out)
    assert set(first) == set(NAMES)
    assert "is kept as" not in capsys.readouterr().out
    assert main([*command, "--eval-every", "1", "--seed", "7"]) == 0
    said = capsys.readouterr().out
    assert contents(out, "before-") == first
    second = contents(out)
    assert all(second[name] != first[name] for name in NAMES)
    assert len(os.listdir(out)) == 6
    assert f"is kept as {', '.join(f'before-{name}' for name in NAMES)} in {out}\n" in said
    assert f"its weights: {out / 'best.safetensors'}" in said
    assert main([*command, "--seed", "8"]) == 0
    assert f"in {out}, in place of an older one" in capsys.readouterr().out
    assert contents(out, "before-") == second
    third = contents(out)
    assert set(third) == set(NAMES[:2])  # it has no best, and the other's is not left to it
    assert main([*command, "--seed", "9"]) == 0
    assert contents(out, "before-") == third  # nothing of two runs


def test_what_is_there_stays_until_a_run_is_saved(tmp_path, capsys, monkeypatch):
    from microgpt.training import Trainer

    out = tmp_path / "run"
    command = [*STORY, "--steps", "4", "--num-samples", "1", "--eval-every", "1", "--out", str(out)]
    assert main(command) == 0
    first = contents(out)

    def broken(*_):
        raise mg.NotWritable("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(Trainer, "__next__", broken)
        assert main([*command, "--seed", "7"]) == 1
    assert contents(out) == first
    step, seen = Trainer.__next__, []

    def looking(trainer):
        seen.append(contents(out) == first and not contents(out, "before-"))
        return step(trainer)

    monkeypatch.setattr(Trainer, "__next__", looking)
    assert main([*command, "--seed", "7"]) == 0
    assert seen == [True] * 5
    assert contents(out, "before-") == first
    assert sorted(os.listdir(out)) == sorted([*NAMES, *(f"before-{name}" for name in NAMES)])


@pytest.mark.parametrize("there", [False, True])
def test_a_run_is_resumed_into_another_folder(tmp_path, capsys, there):
    run, other = tmp_path / "run", tmp_path / "other"
    command = [*STORY, "--num-samples", "1", "--warmup-steps", "0"]
    assert main([*command, "--steps", "6", "--eval-every", "2", "--out", str(run)]) == 0
    if there:
        assert main([*command, "--steps", "2", "--seed", "7", "--out", str(other)]) == 0
    before, theirs = contents(run), contents(other)
    again = ["train", "--backend", "numpy", "--resume", str(run), "--steps", "7", "--lr", "5",
             "--min-lr", "4", "--eval-every", "100"]  # fmt: skip
    capsys.readouterr()
    assert main([*again, "--out", str(other)]) == 0
    said = capsys.readouterr().out
    assert contents(run) == before
    assert contents(other, "before-") == theirs
    assert ("is kept as" in said) == there
    kept = other / "best.safetensors"
    assert f"its weights: {kept}" in said
    assert kept.read_bytes() == before["best.safetensors"]
    best = mg.load(kept, "numpy").metadata["steps_done"]
    assert f"after step {best}; its weights" in said


def test_a_best_that_is_nowhere_is_not_named(tmp_path, capsys):
    command = [*STORY, "--num-samples", "1", "--steps", "2", "--out", str(tmp_path)]
    assert main([*command, "--eval-every", "1"]) == 0
    (tmp_path / "best.safetensors").unlink()
    capsys.readouterr()
    again = ["train", "--backend", "numpy", "--resume", str(tmp_path)]
    assert main(again) == 0
    said = capsys.readouterr().out
    assert "lowest validation loss" in said
    assert "its weights" not in said


def test_the_lowest_loss_may_be_the_last(tmp_path, capsys):
    command = [*STORY, "--num-samples", "1", "--warmup-steps", "0", "--eval-every", "4",
               "--eval-batches", "3", "--out", str(tmp_path)]  # fmt: skip
    assert main([*command, "--steps", "11", "--lr", "0.01"]) == 0
    said = capsys.readouterr().out
    assert "after step 11; its weights" in said
    (last,) = (line for line in said.splitlines() if line.startswith("validation loss"))
    assert f"lowest validation loss: {last.removeprefix('validation loss: ')}" in said
    best = mg.load(tmp_path / "best.safetensors", "numpy")
    assert best.metadata["steps_done"] == 11
    again = ["train", "--backend", "numpy", "--resume", str(tmp_path), "--num-samples", "1"]
    assert main(again) == 0  # which knows it
    assert "after step 11; its weights" in capsys.readouterr().out
    assert main([*again, "--steps", "12", "--lr", "5", "--min-lr", "4"]) == 0
    assert "after step 11; its weights" in capsys.readouterr().out
    assert mg.load(tmp_path / "best.safetensors", "numpy").metadata["steps_done"] == 11


def test_a_folder_in_use_is_refused_before_anything_is_done(tmp_path, capsys):
    out = tmp_path / "run"
    command = [*STORY, "--steps", "2", "--num-samples", "1", "--out", str(out)]
    with RunDirectory(out, None):
        assert main(command) == 1
        assert os.listdir(out) == [".lock"]
    said = capsys.readouterr().err
    assert said == (
        f"microgpt: the folder {out} is in use: another process is writing into it; wait for it to "
        "end, or choose another folder with --out\n"
    )
    assert main(command) == 0
    assert sorted(os.listdir(out)) == sorted(NAMES[:2])


def test_a_resumed_run_is_not_resumed_beside_itself(tmp_path, capsys):
    out = tmp_path / "run"
    assert main([*STORY, "--steps", "2", "--num-samples", "1", "--out", str(out)]) == 0
    with RunDirectory(out, out / "training.safetensors"):
        assert main(["train", "--backend", "numpy", "--resume", str(out), "--steps", "3"]) == 1
    assert "is in use" in capsys.readouterr().err


def test_two_commands_do_not_tokenize_into_one_folder(tmp_path, capsys):
    command = ["tokenize", "story", str(tmp_path), "--tokenizer", "char", "--val-tokens", "9"]
    with RunDirectory(tmp_path, None):
        assert main(command) == 1
    assert capsys.readouterr().err.endswith("writing into it; wait for it to end\n")
    assert main(command) == 0


def test_a_mistake_leaves_no_folder(tmp_path):
    assert main([*STORY, "--steps", "0", "--out", str(tmp_path / "new" / "run")]) == 1
    assert os.listdir(tmp_path) == []


def test_drafts_of_a_killed_run_are_removed_before_the_next_begins(tmp_path, monkeypatch):
    from microgpt.training import Trainer

    abandoned = [f".{name}.0123abcd" for name in (*NAMES, "unsaved-best.safetensors")]
    for name in abandoned:
        (tmp_path / name).touch()
    step, seen = Trainer.__next__, []

    def looking(trainer):
        seen.append(os.listdir(tmp_path))
        return step(trainer)

    monkeypatch.setattr(Trainer, "__next__", looking)
    with atomic_write(tmp_path / "training.safetensors") as stream:  # one that lives
        main([*STORY, "--steps", "1", "--num-samples", "1", "--out", str(tmp_path)])
        assert set(seen[0]) == {".lock", os.path.basename(stream.name)}
