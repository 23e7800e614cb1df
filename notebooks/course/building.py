"""The command `python notebooks/build.py`: sources in, executed and cleaned notebooks out."""

import argparse
import sys
from pathlib import Path
from typing import Any

import nbformat

from microgpt.checkpoints import writing
from microgpt.errors import FormatError, MicrogptError

from .cleaning import clean, written
from .comparing import output_difference, source_difference
from .execution import execute
from .source import NOTEBOOKS, names, read


def made(source: Path) -> Any:
    """The notebook of a source, executed and cleaned."""
    notebook = read(source)
    execute(notebook, source.stem)
    return clean(notebook)


def build(name: str, folder: Path = NOTEBOOKS) -> Path:
    """Write `folder`/name.ipynb from `folder`/src/name.py; an old one stays if this fails."""
    content = written(made(folder / "src" / f"{name}.py"), name)
    target = folder / f"{name}.ipynb"
    with writing(target) as stream:
        stream.write(content)
    return target


def difference(name: str, folder: Path = NOTEBOOKS) -> str | None:
    """Where the committed notebook is not what its source makes now; None if they agree."""
    source, target = folder / "src" / f"{name}.py", folder / f"{name}.ipynb"
    for path in (source, target):
        if not path.is_file():
            return f"{name}: there is no {path.relative_to(folder)}"
    committed = nbformat.read(target, as_version=4)
    found = source_difference(committed, read(source))
    if found is None:
        found = output_difference(committed, made(source))
    return f"{name}, {found}" if found else None


def main(arguments: list[str] | None = None, folder: Path = NOTEBOOKS) -> int:
    """Build the notebooks named, or all; with --check, compare instead of writing."""
    parser = argparse.ArgumentParser(prog="build.py", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a source's name begins")
    parser.add_argument("--check", action="store_true", help="only say what differs, and exit 1")
    chosen = parser.parse_args(arguments)
    try:
        wanted = names(chosen.names, folder / "src")
        if not chosen.check:
            for name in wanted:
                print(f"{build(name, folder)} written")
            return 0
        if not chosen.names:  # a notebook whose source is gone is a difference, too
            wanted = sorted({*wanted, *(path.stem for path in folder.glob("*.ipynb"))})
        for name in wanted:
            if found := difference(name, folder):
                raise FormatError(f"{found}; run make notebooks and read what changed")
            print(f"{name}: as its source makes it")
    except MicrogptError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    return 0
