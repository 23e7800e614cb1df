"""The command `python notebooks/rules.py`: every rule over every committed notebook."""

import argparse
from pathlib import Path

from microgpt.errors import MicrogptError

from . import ending, lengths, numbers, showing, tasks, terms, wording
from .page import Page, load
from .source import NOTEBOOKS

RULES = [
    *wording.RULES,
    *lengths.RULES,
    *showing.RULES,
    *numbers.RULES,
    *terms.RULES,
    *tasks.RULES,
    *ending.RULES,
]


def broken(page: Page) -> list[str]:
    """Every rule that a notebook breaks, one sentence each, with the rule's name."""
    return [
        f"{page.name}: {rule.__name__}: {sentence}" for rule in RULES for sentence in rule(page)
    ]


def main(arguments: list[str] | None = None, folder: Path = NOTEBOOKS) -> int:
    """Say what the notebooks named, or all, break; 0 if nothing."""
    parser = argparse.ArgumentParser(prog="rules.py", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a notebook's name begins")
    chosen = parser.parse_args(arguments)
    sentences, pages = [], 0
    try:
        for path in sorted(folder.glob("*.ipynb")):
            if not chosen.names or path.stem.startswith(tuple(chosen.names)):
                pages += 1
                sentences += broken(load(path))
    except MicrogptError as error:
        sentences.append(str(error))
    print("\n".join(sentences) or f"{pages} notebooks keep {len(RULES)} rules")
    return int(bool(sentences) or not pages)
