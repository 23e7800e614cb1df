"""Trainings that stop and resume: bit for bit what they would have been."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import resume_cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from resume_cases import CASES, SMALL, WAYS, Case, corpus_of, equal, finish, trainer_of, use

import microgpt as mg
from microgpt import backends
from microgpt.errors import FormatError, SettingError

EVERY = [f"{case}/{way}" for case in CASES for way in WAYS]


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """All trainings stopped and saved here, then finished in one other process."""
    folder = tmp_path_factory.mktemp("resumed")
    for name in EVERY:
        case, way = name.split("/")
        trainer = trainer_of(CASES[case], way)
        with backends.using(trainer.model.backend.name):
            list(itertools.islice(trainer, CASES[case].stop))
        use(trainer, CASES[case])
        trainer.save(folder / name.replace(" ", "_"))
    subprocess.run([sys.executable, resume_cases.__file__, folder, *EVERY], check=True)
    return folder


@pytest.mark.parametrize("name", EVERY)
def test_stopped_and_resumed_is_straight_on(resumed, name):
    case, way = name.split("/")
    straight = finish(trainer_of(CASES[case], way))
    assert len(straight["loss"]) > CASES[case].stop
    with np.load(resumed / name.replace(" ", "_") / "resumed.npz") as after:
        assert set(after) == set(straight)
        for what, numbers in straight.items():
            np.testing.assert_array_equal(after[what], numbers, err_msg=what)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["used", "part used"])
def test_the_mode_of_use_lasts_until_the_next_step(name, way):
    case = CASES[name]
    straight = finish(trainer_of(case, way))
    trainer = trainer_of(case, way)
    use(trainer, case)
    for _ in range(case.stop):
        with backends.using(trainer.model.backend.name):
            next(trainer)
        use(trainer, case)
    assert not all(part.training for _, part in trainer.model.named_modules())
    equal(finish(trainer), straight)
    assert trainer.model.dropout_counter == len(trainer.history)


def test_the_cases_stop_where_it_matters():
    windows = trainer_of(CASES["windows"], "numpy")
    assert CASES["windows"].stop % windows.batches.batches_per_epoch  # inside an epoch
    lines = trainer_of(CASES["lines in epochs"], "numpy")
    assert lines.batches.rows_per_epoch < 60 * CASES["lines in epochs"].stop  # in the second
    assert lines.batches.rows_per_epoch % 30
    patience = trainer_of(CASES["patience"], "numpy")
    list(itertools.islice(patience, CASES["patience"].stop))
    assert 0 < patience.state.evals_since_best < patience.config.patience  # inside its patience
    finish(patience)
    assert patience.stopped_early
    assert len(patience.history) < 200


@pytest.mark.parametrize("way", ["numpy", "captured"])
def test_ctrl_c_at_any_time_then_resumed(tmp_path, way):
    case = CASES["dropout"]
    straight = finish(trainer_of(case, way))
    trainer = trainer_of(case, way)
    batches, rounds = trainer.batches, 0

    class Interrupted:
        """Batches that are interrupted while they are drawn."""

        def __next__(self):
            batch = next(batches)
            if batches.batches_drawn % 7 == 3:
                signal.raise_signal(signal.SIGINT)
            return batch

        def __getattr__(self, name):
            return getattr(batches, name)

    trainer.batches = Interrupted()
    while True:
        with backends.using(trainer.model.backend.name):
            trainer.run()
        if not trainer.interrupted:
            break
        rounds += 1
        trainer.save(tmp_path)
        trainer = mg.Trainer.resume(
            tmp_path, corpus_of(case), capture=way == "captured", backend=WAYS[way][0]
        )
        batches, trainer.batches = trainer.batches, Interrupted()
    assert rounds > 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    equal(finish(trainer), straight)


def test_an_evaluation_that_was_cut_off_is_made_up_for(tmp_path, monkeypatch):
    case = CASES["patience"]
    straight = finish(trainer_of(case, "numpy"))
    trainer = trainer_of(case, "numpy", best=tmp_path / "best")

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(trainer, "evaluate", interrupt)
        assert len(trainer.run()) == 2
    trainer.save(tmp_path)
    other = mg.Trainer.resume(tmp_path, corpus_of(case), capture=False, backend="numpy")
    assert next(trainer).step == next(other).step == 1  # it was never handed out
    assert trainer.history[1].evaluation == other.history[1].evaluation is not None
    equal(finish(other), straight)
    equal(finish(trainer), straight)
    best = mg.load(tmp_path / "best" / "best.safetensors", "numpy")
    assert best.metadata["steps_done"] == trainer.best.step + 1
    check = mg.Trainer(best.model, corpus_of(case), mg.TrainConfig(**case.train))
    assert check.evaluate() == trainer.best.evaluation


def test_more_steps_for_a_training_that_is_over(tmp_path):
    trainer = trainer_of(SMALL, "numpy")
    trainer.run()
    trainer.save(tmp_path)
    assert list(mg.Trainer.resume(tmp_path, corpus_of(SMALL), backend="numpy")) == []
    longer = mg.TrainConfig(**{**SMALL.train, "steps": 12})
    more = mg.Trainer.resume(tmp_path / "training.safetensors", corpus_of(SMALL), longer)
    assert [step.step for step in more] == [8, 9, 10, 11]
    assert len(more.history) == 12
    assert mg.load(tmp_path).metadata["steps_done"] == 8


def test_what_cannot_be_resumed(tmp_path):
    trainer = trainer_of(SMALL, "numpy")
    list(itertools.islice(trainer, 3))
    trainer.save(tmp_path)
    other = mg.load_corpus(text="the cat sat on the mat; the dog sat. " * 20, format="text")
    with pytest.raises(FormatError, match=r"training.safetensors.*other data.*SHA-256"):
        mg.Trainer.resume(tmp_path, other)
    for name, value in {"batch_size": 3, "grad_accum_steps": 2, "seed": 7, "stride": 4}.items():
        other = mg.TrainConfig(**{**SMALL.train, name: value})
        with pytest.raises(
            SettingError, match=f"{name} must be .*, as .* was trained: it .*; got {value}"
        ):
            mg.Trainer.resume(tmp_path, corpus_of(SMALL), other)
    held = mg.TrainConfig(**{**SMALL.train, "val_fraction": 0.3})
    with pytest.raises(FormatError, match="same corpus and validation data"):
        mg.Trainer.resume(tmp_path, corpus_of(SMALL), held)
    with pytest.raises(FormatError, match="no training to resume at"):
        mg.Trainer.resume(tmp_path / "nowhere", corpus_of(SMALL))
    with pytest.raises(FormatError, match="not the state of a training"):
        mg.Trainer.resume(tmp_path / "model.safetensors", corpus_of(SMALL))
    with pytest.raises(FormatError, match="state of a training, which can be resumed"):
        mg.load(tmp_path / "training.safetensors")
    with pytest.raises(SettingError, match="folder must be a folder for"):
        trainer.save(tmp_path / "model.safetensors")

    class Mine(mg.GPT):
        pass

    mine = mg.Trainer(Mine(trainer.model.config), corpus_of(SMALL))
    with pytest.raises(SettingError, match="a Mine with custom parts"):
        mine.save(tmp_path / "mine")


def test_a_crash_while_saving_keeps_the_state_before(tmp_path, monkeypatch):
    trainer = trainer_of(SMALL, "numpy")
    next(trainer)
    file = trainer.save(tmp_path)
    before = file.read_bytes()
    next(trainer)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            trainer.save(tmp_path)
    assert file.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["model.safetensors", "training.safetensors"]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_bytes_give_a_trainer_or_a_format_error(saved_bytes, tmp_path, data):
    content = bytearray(saved_bytes)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(content), 6000) - 1))
        content[place] = data.draw(st.integers(0, 255))
    del content[data.draw(st.sampled_from([len(content), len(content) - 1, 200, 3])) :]
    file = tmp_path / "training.safetensors"
    file.write_bytes(bytes(content))
    error = None
    try:
        mg.Trainer.resume(file, corpus_of(SMALL), capture=False, backend="numpy")
    except FormatError as refused:
        error = refused
    assert error is None or str(file) in str(error)


@pytest.fixture(scope="module")
def saved_bytes(tmp_path_factory):
    trainer = trainer_of(SMALL, "numpy")
    list(itertools.islice(trainer, 3))
    return trainer.save(tmp_path_factory.mktemp("saved")).read_bytes()


CHANGES = {
    "format": (2, "format 1"),
    "train": ({"steps": "many"}, "steps must be a positive integer"),
    "data": ("abc", "other data"),
    "batches": ({"type": "documents"}, "type"),
    "pending": (5, "5 batches wait for a step that takes 1"),
    "pending ": (True, "True batches wait"),
    "dropout": ([-1, 2], "a seed and a count"),
    "dropout ": ([1, -5], "a seed and a count"),
    "dropout  ": ([1, 2**63], "a seed and a count"),
    "dropout   ": ([1, float("inf")], "a seed and a count"),
    "evaluation_due": ("yes", "'evaluation_due' must be a bool"),
    "training": (1, "'training' must be a bool"),
    "metadata": ([], "'metadata' must be a dict"),
    "final_evaluation": ([3, 1.0, 0.1, 5], "no step in a history of 3"),
    "final_evaluation ": ([1, 1.0, 0.1, float("inf")], "counts its tokens"),
    "final_evaluation  ": ([1, "low", 0.1, 5], "is three numbers"),
    "tokenizer": ({"type": "char", "characters": "ab", "bos": False}, "has 2 tokens"),
    "config": (None, "cannot be resumed"),
    "frozen": (None, "cannot be resumed"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_header_that_lies(saved_bytes, tmp_path, name):
    length = int.from_bytes(saved_bytes[:8], "little")
    outer = json.loads(saved_bytes[8 : 8 + length])
    header = json.loads(outer["__metadata__"]["microgpt-training"])
    header[name.strip()], message = CHANGES[name]
    outer["__metadata__"]["microgpt-training"] = json.dumps(header)
    content = json.dumps(outer).encode()
    file = tmp_path / "training.safetensors"
    file.write_bytes(len(content).to_bytes(8, "little") + content + saved_bytes[8 + length :])
    with pytest.raises(FormatError, match=message) as refused:
        mg.Trainer.resume(file, corpus_of(SMALL))
    assert str(file) in str(refused.value)


def test_a_save_beside_a_running_training_is_of_one_step(tmp_path, monkeypatch):
    from microgpt.training import trainer as trainer_module

    trainer = trainer_of(Case("names-mini", {"steps": 10**6}), "numpy")
    written, over, failed = trainer_module.save_state, threading.Event(), []

    def slow(*given):
        file = written(*given)
        time.sleep(0.1)  # many steps
        return file

    def train():
        try:
            while not over.is_set():
                next(trainer)
        except BaseException as error:
            failed.append(error)

    monkeypatch.setattr(trainer_module, "save_state", slow)
    beside = threading.Thread(target=train)
    beside.start()
    try:
        while len(trainer.history) < 3 and not failed:
            time.sleep(0.01)
        trainer.save(tmp_path)
        done = len(trainer.history)
    finally:
        over.set()
        beside.join()
    assert not failed
    checkpoint = mg.load(tmp_path, "numpy")
    resumed = mg.Trainer.resume(tmp_path, mg.load_corpus("names-mini"), backend="numpy")
    assert 3 <= checkpoint.metadata["steps_done"] == len(resumed.history) <= done
    for name, weight in checkpoint.model.state_dict().items():
        np.testing.assert_array_equal(resumed.model.state_dict()[name], weight)


def test_a_final_evaluation_changes_nothing_but_the_best(tmp_path):
    """The last step of a part of a run is not one that is evaluated in the whole run."""
    case = CASES["patience"]
    straight = finish(trainer_of(case, "numpy"))
    closed = set()
    for stop in (3, 9, 13):
        trainer = trainer_of(case, "numpy", best=tmp_path)
        list(itertools.islice(trainer, stop))
        worse, before = trainer.state.evals_since_best, trainer.best
        found = trainer.final_evaluate()
        assert found == trainer.evaluate()
        assert trainer.history[-1].evaluation is None
        assert trainer.state.evals_since_best == worse
        closed.add(found.loss < before.evaluation.loss)
        if found.loss < before.evaluation.loss:
            assert (trainer.best.step, trainer.best.evaluation) == (stop - 1, found)
            kept = mg.load(tmp_path / "best.safetensors", "numpy")
            assert kept.metadata["steps_done"] == stop
        else:
            assert trainer.best is before
        trainer.save(tmp_path)
        other = mg.Trainer.resume(tmp_path, corpus_of(case), capture=False, backend="numpy")
        assert other.best == trainer.best
        equal(finish(other), straight)
        lowest = min(step.evaluation.loss for step in other.history if step.evaluation)
        assert other.best.evaluation.loss == min(lowest, found.loss)
    assert closed == {True, False}
