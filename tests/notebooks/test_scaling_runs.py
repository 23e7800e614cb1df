"""The runs of the scaling law are what the script trains."""

import pytest
from measuring import command, scaling

from microgpt.training import scaling as package
from microgpt.training import scaling_runs

RUNS = scaling_runs()


def test_the_table_holds_every_setting_of_the_script():
    settings = [(run.n_embd, run.steps, run.seed) for run in RUNS]
    assert set(settings) == {
        (width, steps, seed)
        for width in scaling.WIDTHS for steps in scaling.STEPS for seed in scaling.SEEDS
    }  # fmt: skip
    assert len(set(settings)) == len(settings)


@pytest.mark.parametrize("run", [RUNS[0], RUNS[-5]], ids=lambda run: f"width {run.n_embd}")
def test_a_run_trained_again_gives_what_the_table_has(run):
    again = scaling.scaling_run(run.n_embd, run.steps, run.seed)
    assert again._replace(loss=0) == run._replace(loss=0)
    assert again.loss == pytest.approx(run.loss, abs=2e-3)


def test_a_table_that_is_written_is_read_back(tmp_path, monkeypatch):
    path = tmp_path / "runs.csv"
    scaling.write_runs(RUNS[:3], path)
    monkeypatch.setattr(package, "RUNS_FILE", path)
    assert package.scaling_runs() == RUNS[:3]
    scaling.write_runs(RUNS, path)
    committed = scaling.RUNS_FILE.read_bytes()
    assert path.read_bytes() == committed


@pytest.mark.slow
def test_runs_train_beside_each_other(monkeypatch):
    monkeypatch.setattr(scaling, "ONE_THREAD", ())  # this process keeps its environment
    first, second = scaling.scaling_runs(widths=(4, 8), steps=(2,), seeds=(0,))
    assert (first.n_embd, second.n_embd, first.steps, second.seed) == (4, 8, 2, 0)


def test_the_command(monkeypatch, capsys):
    written = []
    monkeypatch.setattr(scaling, "scaling_runs", lambda: RUNS[:2])
    monkeypatch.setattr(scaling, "write_runs", written.append)
    assert command.main(["--scaling"]) == 0
    assert written == [RUNS[:2]]
    assert capsys.readouterr().out == "2 models trained\n"
