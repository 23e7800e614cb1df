"""Checks of single settings: what they return, and what their errors say."""

import numpy as np
import pytest

from microgpt.config.checks import check_boolean, check_choice, check_integer, check_number
from microgpt.errors import SettingError

INF = float("inf")


def test_numbers_become_pythons_own():
    assert type(check_integer("n", np.int64(3), minimum=1)) is int
    assert type(check_number("x", np.float32(0.5))) is float
    assert check_number("x", 2) == 2.0
    assert check_number("x", INF, above=0) == INF


@pytest.mark.parametrize(
    ("value", "minimum", "maximum", "message"),
    [
        (0, 1, None, "n must be a positive integer; got 0"),
        (-1, 0, None, "n must be a non-negative integer; got -1"),
        (1, 2, None, "n must be an integer of at least 2; got 1"),
        (2**63, 0, None, "n must be an integer from 0 to 9,223,372,036,854,775,807"),
        (9, 1, 8, "n must be an integer from 1 to 8; got 9"),
        (0, 1, 8, "n must be an integer from 1 to 8; got 0"),
        (1.0, 1, None, r"n must be a positive integer; got 1\.0"),
        (True, 1, None, "n must be a positive integer; got True"),
        ("1", 1, None, "n must be a positive integer; got '1'"),
        (None, 0, None, "n must be a non-negative integer; got None"),
    ],
)
def test_integers(value, minimum, maximum, message):
    limits = {"minimum": minimum} if maximum is None else {"minimum": minimum, "maximum": maximum}
    with pytest.raises(SettingError, match=message):
        check_integer("n", value, **limits)


@pytest.mark.parametrize(
    ("value", "limits", "message"),
    [
        (1, {"minimum": 0, "below": 1}, "x must be at least 0 and below 1; got 1"),
        (0, {"above": 0, "below": INF}, "x must be above 0 and finite; got 0"),
        (INF, {"minimum": 0, "below": INF}, "x must be at least 0 and finite; got inf"),
        (10**400, {"below": INF}, "x must be finite"),
        (-(10**400), {"minimum": 0}, "x must be at least 0; got -1"),
        (1.5, {"above": 0, "maximum": 1}, r"x must be above 0 and at most 1; got 1\.5"),
        (float("nan"), {"minimum": 0}, "x must be at least 0; got nan"),
        ("0.1", {}, r"x must be a number; got '0\.1'"),
        (True, {}, "x must be a number; got True"),
    ],
)
def test_numbers(value, limits, message):
    with pytest.raises(SettingError, match=message):
        check_number("x", value, **limits)


def test_booleans_and_choices():
    check_boolean("flag", False)
    check_choice("name", "b", ("a", "b"))
    with pytest.raises(SettingError, match="flag must be True or False; got 1"):
        check_boolean("flag", 1)
    with pytest.raises(SettingError, match="one of 'linear', 'cosine'; got 'cosin'; did you mean"):
        check_choice("name", "cosin", ("linear", "cosine"))
