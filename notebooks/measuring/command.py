"""The command `python notebooks/measure.py`: measure the claims, write them into numbers.toml."""

import argparse
from pathlib import Path

from course.percent_source import NOTEBOOKS

from microgpt._io.atomic_write import atomic_write

from . import one_number
from .claim import Measurement, measure
from .entries import updated
from .experiment_cells import experiment_cells

CLAIMS = {"01_one_number": one_number.CLAIMS}


def measurements(notebook: str) -> list[Measurement]:
    """Measure every claim of a notebook."""
    cells = experiment_cells(notebook)
    return [measure(claim, cells) for claim in CLAIMS[notebook]]


def main(arguments: list[str] | None = None, folder: Path = NOTEBOOKS) -> int:
    """Measure the notebooks named, or all that claim something; print and write the results."""
    parser = argparse.ArgumentParser(prog="measure.py", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*CLAIMS, []], metavar="NAME")
    options = parser.parse_args(arguments)
    path = folder / "numbers.toml"
    for name in options.names or CLAIMS:
        measured = measurements(name)
        for result in measured:
            effect = f"{result.effect:.2f} ± {result.spread:.2f}"
            print(f"{name}: {result.claim.name}: {effect}, {result.verdict}")
        with atomic_write(path) as stream:
            text = updated(path.read_text("utf-8"), name, measured)
            stream.write(text.encode())
    return 0
