"""The command `python notebooks/measure.py`: measure the claims, write them into numbers.toml."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from course.percent_source import NOTEBOOKS

from microgpt._io.atomic_write import atomic_write

from . import (
    attention,
    embeddings,
    guess_next_letter,
    numbers_to_arrays,
    one_number,
    scaling,
    text_to_tokens,
    training,
    whole_gpt,
)
from .claim import SEEDS, Measurement
from .entries import updated
from .experiment_cells import experiment_cells

MODULES = {
    "01_one_number": one_number,
    "02_numbers_to_arrays": numbers_to_arrays,
    "03_guess_next_letter": guess_next_letter,
    "04_text_to_tokens": text_to_tokens,
    "05_embeddings": embeddings,
    "06_attention": attention,
    "07_whole_gpt": whole_gpt,
    "08_training": training,
}


def measurements(notebook: str) -> list[Measurement]:
    """Measure every claim of a notebook on every seed."""
    effects = measure_seeds(notebook, SEEDS)
    return [
        Measurement(claim, text, tuple(of_seed[claim] for of_seed in effects))
        for claim, text in MODULES[notebook].CLAIMS.items()
    ]


def measure_seeds(notebook: str, seeds: Iterable[int]) -> list[dict[str, float]]:
    """Measure every claim of a notebook on each of the seeds; return the effects by claim."""
    cells = experiment_cells(notebook)
    return [MODULES[notebook].measure(cells, seed) for seed in seeds]


def main(arguments: list[str] | None = None, folder: Path = NOTEBOOKS) -> int:
    """Measure the notebooks named, or all that claim something; print and write the results."""
    parser = argparse.ArgumentParser(prog="measure.py", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a notebook's name begins")
    parser.add_argument(
        "--scaling", action="store_true", help="train the models of the scaling law"
    )
    options = parser.parse_args(arguments)
    if options.scaling:
        runs = scaling.scaling_runs()
        scaling.write_runs(runs)
        print(f"{len(runs)} models trained")
        return 0
    path = folder / "numbers.toml"
    for notebook in MODULES:
        if options.names and not notebook.startswith(tuple(options.names)):
            continue
        measured = measurements(notebook)
        for result in measured:
            effect = f"{result.effect:.2f} ± {result.spread:.2f}"
            print(f"{notebook}: {result.claim}: {effect}, {result.verdict}")
        text = updated(path.read_text("utf-8"), notebook, measured)
        with atomic_write(path) as stream:
            stream.write(text.encode())
    return 0
