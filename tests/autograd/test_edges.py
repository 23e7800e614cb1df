"""The table of `ops/arithmetic.py`, walked on Value and Tensor and compared with PyTorch."""

import builtins
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from edge_cases import edge_cases

import microgpt as mg
from microgpt.autograd.value_tape import record

CASES = {case.name: case for case in edge_cases()}
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "edges.json").read_text("utf-8"))
EVERY = pytest.mark.parametrize("name", CASES)


def same(got, expected, rel=1e-11):
    return got == expected or (got != got and expected != expected) or (
        math.isfinite(expected) and got == pytest.approx(expected, rel=rel)
    )  # fmt: skip


def test_the_golden_file_is_of_this_table():
    assert list(GOLDEN) == list(CASES)
    assert len(CASES) >= 25


@EVERY
def test_the_table_is_pytorchs(name):
    value, slope = map(float, GOLDEN[name])
    assert same(CASES[name].value, value)
    assert same(CASES[name].slope, slope)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(
    ("dtype", "name"),
    [("float64", name) for name in CASES]
    + [("float32", name) for name, case in CASES.items() if 1e-30 < abs(case.x or 1) < 1e30],
)
def test_a_tensor_has_the_value_and_the_slope(backend, dtype, name):
    case = CASES[name]
    x = mg.Tensor([case.x] * 3, requires_grad=True, dtype=dtype)
    y = case(x)
    y.backward(np.ones(3))
    rel = 1e-11 if dtype == "float64" else 1e-6
    for i in range(3):
        assert same(y.numpy()[i], case.value, rel), y
        assert same(x.grad[i], case.slope, rel), x.grad


@EVERY
def test_a_value_has_the_same_or_raises(name):
    case, x = CASES[name], mg.Value(CASES[name].x)
    if case.of_value != "same":
        with pytest.raises(getattr(builtins, case.of_value)) as error:
            case(x)
        assert len(str(error.value)) > 20
        return
    y = case(x)
    y.backward()
    assert same(y.data, case.value)
    assert same(x.grad, case.slope)


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("(-2)")])
def test_a_tape_has_the_numbers_of_a_value(name):
    case, x = CASES[name], mg.Value(1.5)
    tape, row = record([case(x)], leaves=[x])
    tape.data[row[x]] = case.x
    if case.of_value != "same":
        with pytest.raises((ZeroDivisionError, ValueError, OverflowError)):
            tape.forward()
        return
    tape.forward()
    tape.backward()
    assert same(tape.data[-1], case.value)
    assert same(tape.grad[row[x]], case.slope)


EXPONENTS = [np.float32(3), np.float16(3), np.float64(3), np.int64(3), np.uint8(3), Fraction(3), 3]


@pytest.mark.parametrize("exponent", EXPONENTS, ids=lambda e: type(e).__name__)
def test_an_exponent_of_any_type_of_number_keeps_all_digits(exponent):
    x = mg.Value(1.1)
    y = x**exponent
    y.backward()
    assert (y.data, x.grad) == (1.1**3.0, 3.0 * 1.1**2.0)
    assert type(y.data) is float
    two = mg.Value(0.3)
    z = exponent**two
    z.backward()
    assert (z.data, two.grad) == (3.0**0.3, 3.0**0.3 * math.log(3))


def test_a_number_of_numpy_becomes_pythons():
    for number in (np.float64(0.1), np.float32(0.5), np.int32(2), np.float64(1e300)):
        assert type(mg.Value(number).data) is float
    assert mg.Value(np.float64(1e300)) * 1e300 == math.inf  # silently, as in Python


def test_powers_of_two_are_exact(backend):
    for n in range(-20, 60):
        assert (2 ** mg.Value(n)).data == 2.0**n
    x = mg.Tensor(np.arange(-20.0, 60.0))
    assert (2**x).numpy().tolist() == [2.0**n for n in range(-20, 60)]


@pytest.mark.parametrize("exponent", [math.inf, -math.inf, math.nan])
def test_an_exponent_is_finite(exponent):
    for node in (mg.Value(2.0), mg.Tensor([2.0])):
        with pytest.raises(ValueError, match="exponent must be finite"):
            node**exponent
