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


def test_comparisons_are_of_the_numbers():
    a, b = mg.Value(1.0), mg.Value(2.0)
    assert a == 1
    assert a != b
    assert b > 1.5
    assert a < b <= 2 <= b
    assert b > a >= np.float64(1)
    assert a != None  # noqa: E711
    assert a != "text"
    assert bool(b)
    assert not mg.Value(0.0)
    with pytest.raises(TypeError, match="not with str"):
        _ = a < "text"
    largest = max(a, b, a * 3)
    largest.backward()
    assert (largest.data, a.grad) == (3.0, 3.0)
    assert sorted([b, a]) == [a, b]


def test_nodes_are_hashed_by_identity():
    a, b = mg.Value(1.0), mg.Value(1.0)
    assert a == b
    assert len({a, b, a}) == 2
    y = a * b + a  # equal numbers, but two nodes
    y.backward()
    assert (a.grad, b.grad) == (2.0, 1.0)


def test_an_update_changes_the_leaf_or_is_refused():
    p = same = mg.Value(2.0)
    (p * p).backward()
    with pytest.raises(mg.StateError, match=r"p\.data -= lr \* p\.grad"):
        p -= 0.5 * p.grad
    with mg.no_grad():
        p -= 0.25 * p.grad
        p *= 4
        p /= 2
        p += 1
        p **= 2
    assert p is same
    assert p.data == 9.0
    total = mg.Value(0.0)
    for factor in (1, 2):
        total += p * factor
    total -= 1
    total.backward()
    assert (total.data, p.grad) == (26.0, 4.0 + 3.0)


def test_a_gradient_of_none_is_zero():
    p = mg.Value(2.0)
    for _ in range(2):
        p.grad = None
        (p * p).backward()
        assert p.grad == 4.0
    p.grad = None
    assert mg.gradcheck(lambda p: p * p, [p])


def test_what_would_lose_the_history_is_refused():
    v = mg.Value(2.0)
    for read in (float, math.exp, math.sqrt, lambda v: np.array([v, v], float)):
        with pytest.raises(TypeError, match=r"v\.data is its number, and exp"):
            read(v)
    with mg.no_grad():
        assert float(v) == 2.0


NUMPY = {
    "number * v": (lambda v: np.float64(2) * v, 2),
    "number - v": (lambda v: np.float32(2) - v, -1),
    "number / v": (lambda v: np.int64(2) / v, -0.5),
    "np.exp": (np.exp, math.exp(2)),
    "np.sum": (lambda v: np.sum([v, v * v]), 5),
    "np.mean": (lambda v: np.mean([v, v * v]), 2.5),
    "np.dot": (lambda v: np.dot([v, v], [v, 1]), 5),
    "array * v": (lambda v: (np.array([1.0, 2.0]) * v).sum(), 3),
    "maximum": (lambda v: np.maximum(v, 0) * 2, 2),
    "abs": (lambda v: abs(-v), 1),
    "sum": (lambda v: sum([v, v]), 2),
}


@pytest.mark.parametrize("name", NUMPY)
def test_numpy_keeps_the_history_of_values(name):
    call, slope = NUMPY[name]
    v = mg.Value(2.0)
    y = call(v)
    assert isinstance(y, mg.Value)
    assert type(y.data) is float
    y.backward()
    assert v.grad == pytest.approx(slope)
