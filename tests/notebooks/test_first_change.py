"""The cell of notebook 00 that compares the learner's own run with the first one."""

from types import SimpleNamespace

import pytest
from course import percent_source

import microgpt as mg


@pytest.fixture(scope="module")
def answer_cell():
    notebook = percent_source.read_source(percent_source.SOURCES / "00_start_here.py")
    (cell,) = (cell for cell in notebook.cells if "answer:00.change" in cell.metadata.tags)
    return cell.source


def run_of(model):
    trainer = mg.Trainer(model, mg.load_corpus("names-mini"), mg.TrainConfig(steps=2))
    trainer.run()
    return SimpleNamespace(trainer=trainer)


def test_a_model_is_not_compared_with_itself(answer_cell, capsys):
    model = mg.GPT(backend="numpy")
    monitor = run_of(model)
    for my_run in (run_of(model), monitor, run_of(model).trainer):  # with another rate, or as it is
        scope = {"mg": mg, "model": model, "monitor": monitor, "my_run": my_run}
        exec(answer_cell, scope)
        assert "its loss would be compared with itself" in capsys.readouterr().out
        assert scope["sentence"] is None


def test_a_new_model_is_compared_and_a_stub_is_not(answer_cell, capsys):
    model = mg.GPT(backend="numpy")
    scope = {"mg": mg, "model": model, "monitor": run_of(model)}
    exec(answer_cell, scope | {"my_run": mg.learn.todo()})
    assert "There is no run of yours yet" in capsys.readouterr().out
    mg.learn.predict("00.change", "Held-out loss?", ("lower", "about the same", "higher"))
    scope["my_run"] = run_of(mg.GPT(backend="numpy"))
    exec(answer_cell, scope)
    assert "about the same" in repr(scope["sentence"])
    assert capsys.readouterr().out == ""
