"""Trains the models of the scaling law: `python notebooks/measure.py --scaling`.

Each trains on 32 names a step, with a learning rate that falls linearly from 0.32 / width to 0: at
one learning rate for all, wider models would come out worse. A seed holds out another fifth of the
names, and draws other weights. The results are the table that `microgpt.training.scaling` reads.
"""

import csv
import io
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import microgpt as mg
from microgpt._io.atomic_write import atomic_write
from microgpt.training.scaling import RUNS_FILE, ScalingRun, scaling_settings

WIDTHS = (4, 8, 16, 32, 64)
STEPS = (50, 100, 200, 400, 800)  # at most five times through the names
SEEDS = range(10)
DIGITS = 5  # of a loss
ONE_THREAD = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def scaling_run(n_embd: int, steps: int, seed: int) -> ScalingRun:
    """Train one model; return its size, the tokens it was trained on, and its held-out loss."""
    config, train_config = scaling_settings(n_embd, steps, seed)
    model = mg.GPT(config, seed=seed)
    size = sum(parameter.size for parameter in model.parameters())
    trainer = mg.Trainer(model, mg.load_corpus("names-mini"), train_config)
    tokens = trainer.run()[-1].tokens_seen
    loss = trainer.evaluate().loss
    return ScalingRun(n_embd, size, steps, tokens, seed, round(loss, DIGITS))


def scaling_runs(
    widths: Iterable[int] = WIDTHS, steps: Iterable[int] = STEPS, seeds: Iterable[int] = SEEDS
) -> list[ScalingRun]:
    """Train a model of each width for each number of steps and each seed, one thread to each."""
    settings = [(width, count, seed) for seed, width, count in product(seeds, widths, steps)]
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # read by a process when it starts
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(scaling_run, *zip(*settings, strict=True)))


def write_runs(runs: Iterable[ScalingRun], path: Path = RUNS_FILE) -> None:
    """Write the results as a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(ScalingRun._fields)
    writer.writerows(runs)
    with atomic_write(path) as stream:
        stream.write(text.getvalue().encode())
