"""Grade notebooks and Python files; this is no sandbox: grade strangers' code in a container."""

import argparse
import sys
from collections import Counter
from pathlib import Path

A_DAY = 86400  # seconds
A_TERABYTE = 1 << 20  # MB


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
    from microgpt.learn.grading.gradebook import check_not_overwriting, check_writable, write_csv
    from microgpt.learn.grading.runner import Grader, ResourceLimits, GradeRow
    from microgpt.learn.messages import pluralize

    in_range = 256 <= options.limit_memory <= A_TERABYTE
    if not 0 < options.limit_seconds <= A_DAY or not in_range:
        raise SettingError(
            f"--limit-seconds must be above 0 and at most {A_DAY:,}, a day, and --limit-memory 256 "
            f"to {A_TERABYTE:,}, in MB; got {options.limit_seconds:g} and {options.limit_memory}"
        )
    target = Path(options.csv)
    check_writable(target)
    limits = ResourceLimits(options.limit_seconds, options.limit_memory << 20)
    grading = Grader(options.paths, options.seed, options.exercises, limits, options.backend)
    check_not_overwriting(target, [path for _, path in grading.files])
    rows: list[GradeRow] = []
    done = 0
    try:
        for found in tqdm(grading, unit="file", disable=None):
            rows += found
            done += 1
    except KeyboardInterrupt:
        write_csv(rows, target)
        print(f"microgpt: interrupted; {done} of {pluralize(len(grading), 'file')} written: {target}",
              file=sys.stderr)  # fmt: skip
        return 130
    write_csv(rows, target)
    if grading.unlimited:
        print("microgpt: note: this system cannot limit memory; --limit-memory had no effect",
              file=sys.stderr)  # fmt: skip
    states = Counter(row.state for row in rows)
    table = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    print(f"{pluralize(len(grading), 'file')}; answers: {table}; written: {target}")
    return 0
