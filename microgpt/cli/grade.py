"""Grade notebooks and Python files; this is no sandbox: grade strangers' code in a container."""

import argparse
from collections import Counter
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, or folders of them")
    parser.add_argument(
        "--seed", type=int, required=True, help="of the inputs; keep it to yourself"
    )
    parser.add_argument("--csv", default="grades.csv", help="the table to write")
    parser.add_argument("--exercises", metavar="FILE", help="a Python file with your own")
    parser.add_argument("--limit-seconds", type=float, default=60.0, help="for each file")
    parser.add_argument("--limit-memory", type=int, default=4096, help="in MB, for each file")


def run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from microgpt.errors import SettingError
    from microgpt.learn.grading import Grading, Limits, write_table

    if not options.limit_seconds > 0 or options.limit_memory < 256:
        raise SettingError("--limit-seconds must be above 0 and --limit-memory 256 or above")
    limits = Limits(options.limit_seconds, options.limit_memory << 20)
    grading = Grading(options.paths, options.seed, options.exercises, limits, options.backend)
    rows = [row for rows in tqdm(grading, unit="file", disable=None) for row in rows]
    write_table(rows, Path(options.csv))
    states = Counter(row.state for row in rows)
    found = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    print(f"{len(grading)} files: {found}; written: {options.csv}")
    return 0
