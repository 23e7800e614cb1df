"""Grade notebooks and Python files; this is no sandbox: grade strangers' code in a container."""

import argparse
import sys
from collections import Counter
from pathlib import Path

MAX_SECONDS = 86400  # a day
MIN_MEMORY, MAX_MEMORY = 256, 1 << 20  # MB


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, or folders of them")
    parser.add_argument(
        "--seed", type=int, required=True, help="seed of the inputs; keep it to yourself"
    )
    parser.add_argument("--csv", default="grades.csv", help="the table to write")
    parser.add_argument("--exercises", metavar="FILE", help="a Python file with your own")
    parser.add_argument("--limit-seconds", type=float, default=60.0, help="for each file")
    parser.add_argument("--limit-memory", type=int, default=4096, help="in MB, for each file")


def run(options: argparse.Namespace) -> int:
    from microgpt.cli.progress import Progress
    from microgpt.config.checks import check_integer, check_number
    from microgpt.learn.grading.gradebook import check_not_overwriting, check_writable, write_csv
    from microgpt.learn.grading.runner import Grader, GradeRow, ResourceLimits
    from microgpt.plain_text import pluralize

    check_number("limit_seconds", options.limit_seconds, above=0, maximum=MAX_SECONDS)
    check_integer("limit_memory", options.limit_memory, MIN_MEMORY, MAX_MEMORY)
    target = Path(options.csv)
    check_writable(target)
    limits = ResourceLimits(options.limit_seconds, options.limit_memory << 20)
    grader = Grader(options.paths, options.seed, options.exercises, limits, options.backend)
    check_not_overwriting(target, [path for _, path in grader.files])
    files, rows = pluralize(len(grader), "file"), list[GradeRow]()
    with Progress(len(grader), "file") as progress:
        try:
            for graded in progress.track(grader):
                rows += graded
        except KeyboardInterrupt:
            write_csv(rows, target)
            done = progress.done
            print(f"microgpt: interrupted; {done} of {files} written: {target}", file=sys.stderr)
            return 130
    write_csv(rows, target)
    if grader.memory_unlimited:
        print("microgpt: note: this system cannot limit memory; --limit-memory had no effect",
              file=sys.stderr)  # fmt: skip
    states = Counter(row.state for row in rows)
    answers = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    print(f"{files}; answers: {answers}; written: {target}")
    return 0
