"""`Value`: every operator against plain Python, every slope against measuring."""

import fractions
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgpt as mg

OPERATIONS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "reverse add": lambda a, b: 2 + a + b,
    "reverse subtract": lambda a, b: 2 - a * b,
    "reverse multiply": lambda a, b: 2 * a - b,
    "reverse divide": lambda a, b: 2 / a + b,
    "negative": lambda a, b: -a * b,
    "power": lambda a, b: a**3 + b**-2,
    "power zero": lambda a, b: a**0 * b,
    "reverse power": lambda a, b: 2**a + b,
    "positive": lambda a, b: +a * b,
}
FUNCTIONS = {
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
    "relu": lambda x: max(0.0, x),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
}
number = st.floats(0.2, 3.0)


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=25, deadline=None)
@given(a=number, b=number)
def test_operators(name, a, b):
    call = OPERATIONS[name]
    assert call(mg.Value(a), mg.Value(b)).data == pytest.approx(call(a, b), rel=1e-14)
    assert mg.gradcheck(call, [mg.Value(a), mg.Value(b)], tolerance=1e-5)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=25, deadline=None)
@given(x=number)
def test_functions(name, x):
    for sign in (1, -1) if name != "log" else (1,):
        got = getattr(mg.Value(sign * x), name)()
        assert got.data == pytest.approx(FUNCTIONS[name](sign * x), rel=1e-14)
        assert mg.gradcheck(lambda v: getattr(v, name)(), [mg.Value(sign * x)], tolerance=1e-5)


def test_sigmoid_far_out_does_not_overflow():
    assert mg.Value(-1000.0).sigmoid().data == 0.0
    assert mg.Value(1000.0).sigmoid().data == 1.0


def test_relu_at_its_corner_has_slope_zero():
    x = mg.Value(0.0)
    x.relu().backward()
    assert x.grad == 0.0


def test_interior_nodes_show_the_slope_of_the_latest_pass():
    a = mg.Value(2.0)
    b = a * 3
    (b * b).backward()
    assert (b.grad, a.grad) == (12.0, 36.0)


def test_other_numbers_are_taken_and_other_things_refused():
    assert (mg.Value(1.0) + np.float64(2)).data == 3.0
    assert (mg.Value(1.0) * fractions.Fraction(1, 2)).data == 0.5
    with pytest.raises(TypeError, match="not with str"):
        mg.Value(1.0) + "2"
    with pytest.raises(TypeError, match="plain number"):
        mg.Value(2.0) ** mg.Value(2.0)


def test_the_numbers_of_the_docstring():
    a, b = mg.Value(2.0), mg.Value(3.0)
    y = a * b + a
    y.backward()
    assert (y.data, a.grad, b.grad) == (8.0, 4.0, 2.0)
    assert repr(y) == "Value(8)"
    assert y.item() == 8.0
