"""A learner's values as text."""

import copy

import numpy as np
import pytest

from microgpt.learn.equality import values_equal
from microgpt.learn.formatting import format_pair, format_value, snapshot


class ExitsWhenShown:
    def __repr__(self):
        raise SystemExit(3)


def test_snapshots_of_values_that_are_no_data():
    recursive = []
    recursive.append(recursive)
    assert snapshot(ExitsWhenShown()) == "a ExitsWhenShown that cannot be shown"
    assert snapshot(recursive) == "[[...]]"


@pytest.mark.parametrize("value", [np.arange(3.0), [1, [2.0]], {"a": [1]}, (1, 2)], ids=repr)
def test_a_snapshot_of_data_does_not_follow_it(value):
    copied = snapshot(value)
    assert values_equal(copied, value)
    before = copy.deepcopy(value)
    for part in value if isinstance(value, tuple) else (value,):
        if isinstance(part, np.ndarray):
            part[...] = -1
        elif isinstance(part, list):
            part[-1].append(3)
        elif isinstance(part, dict):
            part["a"].append(3)
    assert values_equal(copied, before)


def test_a_long_list_of_merges_says_how_many_more_there_are():
    merges = [(i, i + 1) for i in range(1000)]
    assert format_value(merges).endswith("(9, 10), … and 990 more]")
    assert format_value(merges[:12]).endswith("(11, 12)]")
    assert format_value([(1.5, 2)] * 13).endswith("(1.5, 2), … and 3 more]")


def test_text_is_one_short_line_without_addresses():
    assert format_value(np.array([1.0, 2.34567])) == "[1, 2.346]"
    assert format_value("a\n b  c") == "a b c"
    assert format_value((1.0, np.float64(0.25), 3)) == "(1.0, 0.25, 3)"
    assert [format_value(x) for x in ((3,), (3.0,), [3])] == ["(3,)", "(3.0,)", "[3]"]
    assert format_value([np.float64(1 / 3), [2.0]]) == "[0.33333, [2.0]]"
    assert [format_value(x) for x in (2.0, -0.5, 1e9, np.nan)] == ["2.0", "-0.5", "1e+09", "nan"]
    assert [format_value(np.eye(n)) for n in (2, 4)] == ["[[1, 0], [0, 1]]", "np.eye(4)"]
    for other in (np.eye(3)[::-1], np.eye(3, 4), np.eye(3, dtype=int), np.eye(3) + 1e-9):
        assert "eye" not in format_value(other)
    assert "0x…" in format_value(object())
    assert len(format_value("x" * 241)) == len(format_value("x" * 240)) == 240


@pytest.mark.parametrize(
    ("got", "expected", "texts"),
    [
        (0.5, 0.25, ("0.5", "0.25")),
        (np.array([0.12345]), np.array([0.12346]), ("[0.12345]", "[0.12346]")),
        (0.5, 0.5 + 2**-40, ("0.5", "0.50000000000090949")),
        (2.0, 2.0, ("2.0", "2.0")),
        (0.123456, "0.12", ("0.12346", "0.12")),
    ],
)
def test_two_values_get_the_digits_that_tell_them_apart(got, expected, texts):
    assert format_pair(got, expected) == texts
