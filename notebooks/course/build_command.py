"""The command `python notebooks/build.py`: sources in, executed and cleaned notebooks out."""

import argparse
import sys
from pathlib import Path
from typing import Any

import nbformat

from microgpt._io.atomic_write import atomic_write
from microgpt.errors import FormatError, MicrogptError

from .answer_check import wrong_answers
from .execution import execute
from .notebook_diff import output_difference, source_difference
from .output_cleaning import clean, to_bytes
from .percent_source import NOTEBOOKS, read_source, source_names
from .tutor_pack import FILE_NAME, is_current, write_tutor_pack


def executed_notebook(source: Path) -> Any:
    """The notebook of a source, executed and cleaned; FormatError if a noted answer is wrong."""
    notebook = read_source(source)
    execute(notebook, source.stem)
    if problems := wrong_answers(notebook):
        raise FormatError(f"{source.stem}, {'; '.join(problems)}; correct the note or the question")
    return clean(notebook)


def build(name: str, folder: Path = NOTEBOOKS) -> Path:
    """Write `folder`/name.ipynb from `folder`/src/name.py; if this fails, the old one stays."""
    content = to_bytes(executed_notebook(folder / "src" / f"{name}.py"), name)
    target = folder / f"{name}.ipynb"
    with atomic_write(target) as stream:
        stream.write(content)
    return target


def find_difference(name: str, folder: Path = NOTEBOOKS) -> str | None:
    """How the committed notebook differs from what its source makes now; None if it does not."""
    source, target = folder / "src" / f"{name}.py", folder / f"{name}.ipynb"
    for path in (source, target):
        if not path.is_file():
            return f"{name}: there is no {path.relative_to(folder)}"
    committed = nbformat.read(target, as_version=4)
    difference = source_difference(committed, read_source(source))
    if difference is None:
        difference = output_difference(committed, executed_notebook(source))
    return f"{name}, {difference}" if difference else None


def main(arguments: list[str] | None = None, folder: Path = NOTEBOOKS) -> int:
    """Build the notebooks named, or all and TUTOR.md; with --check, compare instead of writing."""
    parser = argparse.ArgumentParser(prog="build.py", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a source's name begins")
    parser.add_argument("--check", action="store_true", help="print what differs, and exit 1")
    options = parser.parse_args(arguments)
    try:
        names = source_names(options.names, folder / "src")
        if not options.check:
            for name in names:
                print(f"{build(name, folder)} written")
            if not options.names:
                print(f"{write_tutor_pack(folder)} written")
            return 0
        if not options.names:  # a notebook whose source is gone is a difference, too
            names = sorted({*names, *(path.stem for path in folder.glob("*.ipynb"))})
        for name in names:
            if difference := find_difference(name, folder):
                raise FormatError(f"{difference}; run make notebooks and read what changed")
            print(f"{name}: as its source makes it")
        if not options.names and not is_current(folder):
            raise FormatError(
                f"{FILE_NAME} is not what the catalogue makes now; run make notebooks"
            )
    except MicrogptError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    return 0
