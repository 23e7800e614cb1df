"""The command `python notebooks/rules.py`: every rule over every committed notebook."""

import argparse
from pathlib import Path

from microgpt.errors import MicrogptError

from ..percent_source import NOTEBOOKS
from . import RULES, violations
from .page import load_page


def main(arguments: list[str] | None = None, folder: Path = NOTEBOOKS) -> int:
    """Print the violations in the notebooks named, or in all; 0 if there are none."""
    parser = argparse.ArgumentParser(prog="rules.py", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a notebook's name begins")
    options = parser.parse_args(arguments)
    found, num_notebooks = [], 0
    try:
        for path in sorted(folder.glob("*.ipynb")):
            if not options.names or path.stem.startswith(tuple(options.names)):
                num_notebooks += 1
                found += violations(load_page(path))
    except MicrogptError as error:
        found.append(str(error))
    print("\n".join(found) or f"{num_notebooks} notebooks keep {len(RULES)} rules")
    return int(bool(found) or not num_notebooks)
