"""Scaling laws: how the loss falls with parameters and tokens, fitted to trained models.

`scaling_runs` are models trained on names-mini, `fit_scaling_law` fits a law to such runs, and
`bootstrap_scaling_laws` fits others to runs drawn again, from which intervals come.
"""

import csv
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from microgpt.config import GPTConfig, TrainConfig
from microgpt.config.checks import check_integer, check_number
from microgpt.errors import SettingError, ShapeError
from microgpt.training.scaling_law import STARTS, ScalingLaw, fit_laws, law_to_start

RUNS_FILE = Path(__file__).with_name("scaling_runs.csv")
BATCH_SIZE, LR_TIMES_WIDTH = 32, 0.32  # of the runs: documents, and lr times n_embd
MAX_LAWS = 10_000


class ScalingRun(NamedTuple):
    """One trained model: its width, parameters, steps, tokens trained on, and held-out loss."""

    n_embd: int
    parameters: int
    steps: int
    tokens: int
    seed: int
    loss: float


def scaling_settings(n_embd: int, steps: int, seed: int = 42) -> tuple[GPTConfig, TrainConfig]:
    """Return how a run of the scaling law is made: the microgpt recipe of another width.

    32 names a step, and a learning rate that falls linearly from 0.32 / n_embd to 0.
    """
    train_config = TrainConfig(
        steps=steps, batch_size=BATCH_SIZE, lr=LR_TIMES_WIDTH / n_embd, seed=seed,
        eval_documents=10_000,
    )  # fmt: skip
    return GPTConfig.microgpt(n_embd=n_embd), train_config


def num_parameters(config: GPTConfig) -> int:
    """Return how many numbers a model of this config learns."""
    return sum(map(prod, config.parameter_shapes().values()))


def scaling_runs() -> list[ScalingRun]:
    """Return the measured runs: 250 models of five widths, trained on names-mini.

    `python notebooks/measure.py --scaling` trains them again. A seed holds out another fifth of the
    names and draws other weights. No run reads the names more than five times: up to there, it
    matters little that they repeat (Muennighoff et al. 2023).
    """
    with RUNS_FILE.open(encoding="utf-8", newline="") as file:
        return [
            ScalingRun._make(
                [*(int(row[key]) for key in ScalingRun._fields[:-1]), float(row["loss"])]
            )
            for row in csv.DictReader(file)
        ]


def fit_scaling_law(runs: Sequence[ScalingRun]) -> ScalingLaw:
    """Fit a law by least squares: the mean squared error of the loss, in nats, is smallest.

    The losses of the seeds are averaged first. Raises ShapeError for fewer than seven settings, of
    fewer than three sizes or numbers of tokens, and for losses that no law describes.
    """
    settings, losses = _by_setting(runs)
    mean = losses.mean(axis=1)
    laws, errors = fit_laws(settings, np.tile(mean, (len(STARTS), 1)), STARTS)
    best = int(np.argmin(errors))
    if not errors[best] < mean.var() / 2:
        raise ShapeError(
            "the losses must fall with size and tokens; got some that no law describes; check the "
            "columns of the runs"
        )
    return laws[best]


def bootstrap_scaling_laws(
    runs: Sequence[ScalingRun], count: int = 200, seed: int = 0
) -> list[ScalingLaw]:
    """Fit a law to each of `count` sets of runs, drawn with replacement by their seeds.

    All runs of a seed are drawn together, since they share a held-out set. The range between two
    quantiles of what these laws give is an interval (percentile bootstrap; Efron 1979).
    """
    count = check_integer("count", count, minimum=1, maximum=MAX_LAWS)
    settings, losses = _by_setting(runs)
    num_seeds = losses.shape[1]
    if num_seeds < 2:
        raise ShapeError(
            f"a bootstrap needs runs of at least 2 seeds; got {num_seeds}; add runs of another seed"
        )
    drawn = np.random.default_rng(check_integer("seed", seed, minimum=0)).integers(
        num_seeds, size=(count, num_seeds)
    )
    start = law_to_start(fit_scaling_law(runs), settings)
    laws, _ = fit_laws(settings, losses[:, drawn].mean(axis=2).T, np.tile(start, (count, 1)))
    return laws


def loss_interval(
    laws: Sequence[ScalingLaw], parameters: Any, tokens: Any, level: float = 0.95
) -> tuple[Any, Any]:
    """Return the lower and the upper end of an interval of the loss, from bootstrap laws.

    Raises ShapeError if there is no law, or if `parameters` and `tokens` do not have one shape.
    """
    tail = (1 - check_number("level", level, above=0, below=1)) / 2
    if not len(laws):
        raise ShapeError(
            "an interval needs at least 1 law; got none; bootstrap_scaling_laws(runs) gives them"
        )
    losses = np.array([check_law("laws", law).loss(parameters, tokens) for law in laws])
    low, high = np.quantile(losses, [tail, 1 - tail], axis=0)
    return low, high


def check_law(name: str, law: Any) -> ScalingLaw:
    """Return the law; raise SettingError if it is none."""
    if not isinstance(law, ScalingLaw):
        raise SettingError(name, "made by fit_scaling_law or bootstrap_scaling_laws", type(law))
    return law


class RunTable(NamedTuple):
    """Runs by setting: `settings` (parameters, steps), and losses and tokens (S, seeds)."""

    settings: list[tuple[int, int]]
    losses: np.ndarray
    tokens: np.ndarray


def run_table(runs: Sequence[ScalingRun]) -> RunTable:
    """Return the runs as a table; raise ShapeError unless each setting has one run of each seed."""
    for run in runs:
        _check_run(run)
    seeds = sorted({run.seed for run in runs})
    settings = sorted({(run.parameters, run.steps) for run in runs})
    losses = np.full((len(settings), len(seeds)), np.nan)
    tokens = np.zeros_like(losses)
    for run in runs:
        index = settings.index((run.parameters, run.steps)), seeds.index(run.seed)
        if not np.isnan(losses[index]):
            raise ShapeError(
                "each setting needs one run a seed; two runs of "
                f"{_named(run.parameters, run.steps)} have the seed {run.seed}; leave one out"
            )
        losses[index], tokens[index] = run.loss, run.tokens
    for setting, seed in np.argwhere(np.isnan(losses)):
        raise ShapeError(
            f"every setting needs a run of every seed; {_named(*settings[setting])} have none of "
            f"the seed {seeds[seed]}; add that run, or leave out the seed"
        )
    return RunTable(settings, losses, tokens)


def _check_run(run: Any) -> None:
    if not isinstance(run, ScalingRun):
        expected = "ScalingRuns, as scaling_runs() gives them"
        raise SettingError("runs", expected, type(run), "ScalingRun(*row) makes one of six values")
    for name in ("parameters", "steps", "tokens"):
        check_number(f"{name} of a run", getattr(run, name), above=0, below=float("inf"))
    if not np.isfinite(check_number("loss of a run", run.loss)):
        raise ShapeError(
            f"each run needs a finite loss; that of {_named(run.parameters, run.steps)} and seed "
            f"{run.seed} is {run.loss}; leave out this seed"
        )


def _named(parameters: int, steps: int) -> str:
    return f"{parameters:,} parameters and {steps:,} steps"


def _by_setting(runs: Sequence[ScalingRun]) -> tuple[np.ndarray, np.ndarray]:
    """Return (parameters, mean tokens) of each setting (S, 2), and the losses (S, seeds)."""
    keys, losses, tokens = run_table(runs)
    num_sizes, num_steps = len({N for N, _ in keys}), len({steps for _, steps in keys})
    if len(keys) < 7 or num_sizes < 3 or num_steps < 3:
        raise ShapeError(
            "a law needs 7 settings or more, of at least 3 sizes and 3 numbers of tokens; got "
            f"{len(keys)} of {num_sizes} and {num_steps}; add runs of other widths or steps"
        )
    return np.column_stack([[float(N) for N, _ in keys], tokens.mean(axis=1)]), losses
