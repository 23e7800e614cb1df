"""Stages in processes of their own: rows, errors, limits of time, and what a report keeps."""

import json
import sys

import pytest

from microgpt.backends import numba_cuda
from microgpt.benchmark.gpu import run_stages as module
from microgpt.benchmark.gpu import stage_process
from microgpt.benchmark.gpu.report import GpuReport
from microgpt.benchmark.gpu.rows import MEASURED, NOTE, OK, WRONG, Row
from microgpt.benchmark.gpu.run_stages import MIN_SECONDS, run_stage, run_stages
from microgpt.benchmark.gpu.stages import STAGES, select_stages
from microgpt.errors import SettingError

# A stage that answers what its arguments say, one after the other.
FAKE = """
import json, os, sys, time
for line, answer in zip(sys.stdin, sys.argv[1:]):
    if answer == "sleep":
        time.sleep(60)
    if answer == "die":
        print("its last words", file=sys.stderr, flush=True)
        os._exit(3)
    print(answer, flush=True)
"""
END = {"row": None}


def row(state):
    return {"row": Row("what", state, "came").to_dict()}


@pytest.fixture
def answers(monkeypatch):
    """Let every stage be a process that gives these answers."""

    def answer(*all_answers):
        texts = [one if isinstance(one, str) else json.dumps(one) for one in all_answers]
        monkeypatch.setattr(module, "_command", lambda name: [sys.executable, "-c", FAKE, *texts])

    return answer


@pytest.mark.parametrize(
    ("given", "state", "num_rows", "error"),
    [
        ([row(OK), row(MEASURED), row(NOTE), END], "done", 3, ""),
        ([row(OK), row(WRONG), row(OK), END], "wrong", 3, ""),
        ([row(OK), {"error": "ValueError: no"}], "failed", 1, "ValueError: no"),
        ([row(OK), "die"], "failed", 1, "its process ended with status 3: its last words"),
    ],
)
def test_a_stage_ends_in_a_state(answers, tmp_path, given, state, num_rows, error):
    answers(*given)
    found = run_stage("machine", 60, tmp_path)
    assert (found["state"], len(found["rows"]), found["error"]) == (state, num_rows, error)


def test_a_stage_that_takes_too_long_is_stopped_and_keeps_its_rows(answers, tmp_path):
    answers(row(OK), row(WRONG), "sleep")
    found = run_stage("machine", 2, tmp_path)
    assert found["state"] == "stopped"
    assert found["error"] == "its 2 seconds are over"
    assert [one["state"] for one in found["rows"]] == [OK, WRONG]


def test_each_stage_is_written_before_the_next_begins(answers, tmp_path):
    answers(row(OK), END)
    report = GpuReport(tmp_path)
    run = run_stages(report, ["machine", "replay"], 60)
    assert next(run) == ("machine", "done")
    written = json.loads(report.json_path.read_text("utf-8"))
    assert list(written["stages"]) == ["machine"]
    assert list(run) == [("replay", "done")]
    assert GpuReport(tmp_path).stages == report.stages
    assert report.missing() == [name for name in STAGES if name not in ("machine", "replay")]


def test_a_stage_that_fails_lets_the_next_one_run(answers, tmp_path):
    answers("die")
    states = [state for _, state in run_stages(GpuReport(tmp_path), ["machine", "replay"], 60)]
    assert states == ["failed", "failed"]


def test_without_time_nothing_is_begun(answers, tmp_path):
    answers(END)
    report = GpuReport(tmp_path)
    assert not [*run_stages(report, ["machine"], 0.9 * MIN_SECONDS / 60)]
    assert not report.stages


def test_the_time_that_is_left_limits_a_stage(answers, tmp_path):
    answers(row(OK), "sleep")
    (found,) = run_stages(GpuReport(tmp_path), ["machine"], 1.2 * MIN_SECONDS / 60)
    assert found == ("machine", "stopped")


def test_another_run_keeps_what_was_found_and_replaces_what_runs_again(answers, tmp_path):
    answers(row(WRONG), END)
    assert [*run_stages(GpuReport(tmp_path), ["machine", "replay"], 60)]
    answers(row(OK), END)
    assert [*run_stages(GpuReport(tmp_path), ["replay"], 60)] == [("replay", "done")]
    states = {name: stage["state"] for name, stage in GpuReport(tmp_path).stages.items()}
    assert states == {"machine": "wrong", "replay": "done"}


def test_names_of_stages():
    assert select_stages(None) == list(STAGES)
    assert select_stages(["replay", "machine"]) == ["machine", "replay"]
    with pytest.raises(SettingError, match=r"stages must be one of 'machine', .*; got 'replya'"):
        select_stages(["replya"])


def test_the_process_of_a_stage_answers_each_line_with_a_row(monkeypatch, capfd):
    import io

    def rows(name):
        print("printed where answers go")
        yield Row(name, OK, "came")
        raise ValueError("two\nlines")

    monkeypatch.setattr(stage_process, "stage_rows", rows)
    monkeypatch.setattr(stage_process.os, "dup2", lambda *descriptors: None)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n\n"))
    stage_process.serve("machine")
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    assert list(map(json.loads, lines)) == [
        {"row": Row("machine", OK, "came").to_dict()},
        {"error": "ValueError: two lines"},
        {"row": None},
    ]


def test_nothing_is_timed_on_the_emulated_device(monkeypatch):
    monkeypatch.setenv(numba_cuda.DRIVER_VARIABLE, numba_cuda.EMULATED)
    for name, stage in STAGES.items():
        if stage.is_timed:
            (only,) = stage_process.stage_rows(name)
            assert (only.state, only.text) == (NOTE, "emulated: nothing is timed")
