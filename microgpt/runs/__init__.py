"""Recorded training runs: healthy or broken on purpose, judged, and compared step by step."""

from microgpt.runs.baselines import Baseline, count_baselines
from microgpt.runs.comparison import RunComparison, compare_runs
from microgpt.runs.run_record import RunRecord, Snapshot
from microgpt.runs.run_settings import STEPS, RunSettings
from microgpt.runs.switches import HEALTHY, SWITCHES, Switch
from microgpt.runs.training_run import TrainingRun, record_run
from microgpt.runs.update import GROUPS
from microgpt.runs.verdict import LossHistory, Verdict, judge

__all__ = [
    "GROUPS",
    "HEALTHY",
    "STEPS",
    "SWITCHES",
    "Baseline",
    "LossHistory",
    "RunComparison",
    "RunRecord",
    "RunSettings",
    "Snapshot",
    "Switch",
    "TrainingRun",
    "Verdict",
    "compare_runs",
    "count_baselines",
    "judge",
    "record_run",
]
