"""Break the code on purpose, one small change at a time, and see whether the tests notice.

`make mutants` prints the changes that no test noticed. They stand in `mutants.txt`, by family;
ARGS names families, or `file.py` of one, in place of all.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from mutant_list import Mutant, read_mutants

ROOT = Path(__file__).parents[2]
COPIED = (
    *("microgpt", "tests", "notebooks", "docs", "pyproject.toml", "Makefile", "environment.yml"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "GLOSSARY.md", "LICENSE"),
)
SECONDS = 600  # a change that makes a test run for ever is noticed too
MARKER = "fast and not smoke"
UNNOTICED = ("passed", "no test")


def copy_tree(folder: Path) -> Path:
    """Copy what the tests need; each worker breaks its own copy."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, folder / name)
    return folder


def run_tests(tree: Path, tests: Sequence[str]) -> tuple[str, str]:
    """Run tests in a copy; return "passed", "failed", "no test" or "no end", and the last line."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", MARKER]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        process = subprocess.run(
            [*command, *tests], cwd=tree, env=environment, capture_output=True, text=True,
            timeout=SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "no end", f"no end within {SECONDS} s"
    last_line = (process.stdout.strip().splitlines() or [""])[-1]
    outcome = {0: "passed", 5: "no test"}.get(process.returncode, "failed")  # 5: all are slow
    return outcome, last_line


def judge(mutant: Mutant, trees: SimpleQueue, own_tests: Collection[str]) -> str:
    """Make a change in one of the copies, run its tests, and put the file back."""
    tree = trees.get()
    file = tree / mutant.file
    original = file.read_text("utf-8")
    try:
        file.write_text(mutant.apply(original), "utf-8")
        outcome = "no test"
        if mutant.own_test in own_tests:  # the file's own tests see it soonest
            outcome, _ = run_tests(tree, (mutant.own_test,))
        if outcome in UNNOTICED:
            outcome, _ = run_tests(tree, mutant.tests)
        return outcome
    finally:
        file.write_text(original, "utf-8")
        trees.put(tree)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="families, or files (default: all)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    mutants = [mutant for mutant in read_mutants() if mutant.is_named(options.names)]
    if not mutants:
        parser.error(f"no family and no file is named {' or '.join(options.names)}")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees: SimpleQueue = SimpleQueue()
        for number in range(options.workers):
            trees.put(copy_tree(Path(folder) / str(number)))
        own_tests = _check_unchanged(mutants, trees)
        survivors = []
        with ThreadPoolExecutor(options.workers) as pool:
            outcomes = pool.map(lambda mutant: judge(mutant, trees, own_tests), mutants)
            for number, (mutant, outcome) in enumerate(zip(mutants, outcomes, strict=True), 1):
                print(f"{number:3} of {len(mutants)}  {_verdict(mutant, outcome):10} {mutant}")
                sys.stdout.flush()
                if outcome in UNNOTICED and not mutant.equivalent:
                    survivors.append(mutant)
    return _report(mutants, survivors)


def _verdict(mutant: Mutant, outcome: str) -> str:
    if outcome not in UNNOTICED:
        return "killed"
    return "equivalent" if mutant.equivalent else "SURVIVED"


def _check_unchanged(mutants: Sequence[Mutant], trees: SimpleQueue) -> list[str]:
    """Run all tests on the code as it is: one that fails kills nothing.

    Return the files' own tests that pass; a few fail in any copy, since pip installed another.
    """
    tree = trees.get()
    own_tests = []
    for test in dict.fromkeys(mutant.own_test for mutant in mutants):
        if (tree / test).exists():
            outcome, last_line = run_tests(tree, (test,))
            print(f"unchanged: {test}: {last_line}", flush=True)
            own_tests += [test] * (outcome == "passed")
    for tests in dict.fromkeys(mutant.tests for mutant in mutants):
        outcome, last_line = run_tests(tree, tests)
        print(f"unchanged: {' '.join(tests)}: {last_line}", flush=True)
        if outcome != "passed":
            raise SystemExit("these tests must run and pass without any change; mend them first")
    trees.put(tree)
    return own_tests


def _report(mutants: Sequence[Mutant], survivors: Sequence[Mutant]) -> int:
    counted = [mutant for mutant in mutants if not mutant.equivalent]
    print(f"\n{len(mutants)} mutants, {len(mutants) - len(counted)} of them equivalent; "
          f"{len(counted) - len(survivors)} of {len(counted)} killed "
          f"({1 - len(survivors) / max(1, len(counted)):.1%})")  # fmt: skip
    for family in dict.fromkeys(mutant.family for mutant in counted):
        total = sum(mutant.family == family for mutant in counted)
        alive = [mutant for mutant in survivors if mutant.family == family]
        print(f"  {family:14} {total - len(alive)} of {total}")
        for mutant in alive:
            print(f"    survived: {mutant}")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
