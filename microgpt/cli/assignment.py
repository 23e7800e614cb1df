"""Write a notebook with exercises for a class."""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="+", metavar="ID", help="such as 09.sample")
    parser.add_argument("--corpus", default="names-mini", help="a corpus by name, or a text file")
    parser.add_argument("--out", required=True, help="the notebook to write; never replaced")
    parser.add_argument("--exercises", metavar="FILE", help="a Python file with your own")
    parser.add_argument("--no-hints", action="store_true", help="leave the hints out")
    parser.add_argument("--nbgrader", action="store_true", help="with its metadata and points")


def run(options: argparse.Namespace) -> int:
    from microgpt import learn
    from microgpt.learn.assignments import assignment, write_assignment

    if options.exercises is not None:
        learn.load(options.exercises)
    hints = not options.no_hints
    notebook = assignment(options.ids, options.corpus, hints, options.nbgrader)
    write_assignment(notebook, Path(options.out))
    print(f"written: {options.out}")
    return 0
