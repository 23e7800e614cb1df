"""The list of mutants: each change can still be made, and leaves code that can be parsed."""

import ast
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
sys.path.insert(0, str(TESTS / "mutants"))

from mutant_list import read_mutants  # noqa: E402

MUTANTS = read_mutants()


def test_each_can_be_made():
    assert len(set(map(str, MUTANTS))) == len(MUTANTS)
    for mutant in MUTANTS:
        text = (TESTS.parent / mutant.file).read_text("utf-8")
        changed = mutant.apply(text)
        assert changed != text
        ast.parse(changed)


def test_each_family_has_tests():
    for tests in {mutant.tests for mutant in MUTANTS}:
        assert tests
        for test in tests:
            assert (TESTS.parent / test.partition("::")[0]).exists(), test


@pytest.mark.parametrize("line", ["no arrow", "file: old -> new"])
def test_a_line_that_is_none(tmp_path, line):
    path = tmp_path / "mutants.txt"
    path.write_text(f"== family: tests\n{line}\n")
    with pytest.raises(ValueError, match="not `file: old => new`"):
        read_mutants(path)
