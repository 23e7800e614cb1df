"""Write a notebook with exercises for a class."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="+", metavar="ID", help="such as 09.sample")
    parser.add_argument("--corpus", default="names-mini", help="a corpus by name, or a text file")
    parser.add_argument("--out", required=True, help="the notebook to write; never replaced")
    parser.add_argument("--exercises", metavar="FILE", help="a Python file with your own")
    parser.add_argument("--no-hints", action="store_true", help="leave the hints out")
    parser.add_argument("--nbgrader", action="store_true", help="with its metadata and points")


def run(options: argparse.Namespace) -> int:
    from microgpt import learn
    from microgpt.learn.grading.assignments import build_assignment, write_assignment

    custom = None if options.exercises is None else Path(options.exercises)
    if custom is not None:
        learn.load(custom)
    hints = not options.no_hints
    notebook = build_assignment(options.ids, options.corpus, hints, options.nbgrader, custom)
    write_assignment(notebook, Path(options.out))
    print(f"written: {options.out}")
    if custom is not None:
        print(f"hand out {custom.name} beside it: the notebook loads it, solutions and all")
    return 0
