"""The checker itself: right rules pass, wrong ones are named."""

import numpy as np
import pytest
from leaf_tensors import leaf

import microgpt as mg
from microgpt.errors import DtypeError, GradientError, SettingError, ShapeError


def product(change):
    """x · y elementwise, with a backward rule that `change` spoils."""

    def call(x, y):
        def backward(dz):
            return change(dz * y.array, dz * x.array)

        return x.from_op(x.array * y.array, (x, y), backward, "product")

    return call


def test_a_right_rule_passes(backend):
    assert mg.gradcheck(product(lambda dx, dy: (dx, dy)), [leaf(3, 2), leaf(3, 2, seed=1)])


def corner(array):
    """1 in the first place, 0 elsewhere."""
    return np.indices(array.shape).sum(axis=0) == 0


WRONG = {
    "0.1 % too large": lambda dx, dy: (dx * 1.001, dy),
    "0.1 % too small in one place": lambda dx, dy: (dx, dy - 0.001 * dy * corner(dy)),
    "swapped": lambda dx, dy: (dy, dx),
    "missing": lambda dx, dy: (dx, None),
    "wrong sign": lambda dx, dy: (-dx, dy),
    "NaN": lambda dx, dy: (dx * np.nan, dy),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("directions", [None, 3])
def test_a_wrong_rule_is_rejected(backend, name, directions):
    inputs = [leaf(3, 2), leaf(3, 2, seed=1)]
    with pytest.raises(GradientError, match=r"parameter \d.*finite differences"):
        mg.gradcheck(product(WRONG[name]), inputs, directions=directions)


def test_an_infinite_gradient_is_rejected(backend):
    """Relative to itself, it would be within any tolerance."""
    with pytest.raises(GradientError, match=r"autograd gives -?inf, finite"):
        mg.gradcheck(product(lambda dx, dy: (dx * np.inf, dy)), [leaf(1), leaf(1, seed=1)])


def test_a_gradient_of_the_wrong_shape_is_rejected(backend):
    with pytest.raises((ShapeError, ValueError)):
        mg.gradcheck(product(lambda dx, dy: (dx[:2], dy)), [leaf(3, 2), leaf(3, 2, seed=1)])


def test_too_few_gradients_are_rejected(backend):
    with pytest.raises(ValueError, match="shorter"):
        mg.gradcheck(product(lambda dx, dy: (dx,)), [leaf(3, 2), leaf(3, 2, seed=1)])


def test_a_function_that_changes_its_input_is_rejected():
    def call(x):
        x.array[0] += 1
        return x * 2

    with pytest.raises(GradientError, match="changed its parameter 0"):
        mg.gradcheck(call, [leaf(3)])


def test_a_wrong_value_rule_is_rejected():
    def wrong(a):
        return mg.Value(a.data**2, (a,), (a.data,), "square")

    with pytest.raises(GradientError, match="parameter 0: autograd gives"):
        mg.gradcheck(wrong, [mg.Value(3.0)])
    assert mg.gradcheck(lambda a: a * a, [mg.Value(3.0)])


def test_float32_is_refused():
    with pytest.raises(DtypeError, match="float64"):
        mg.gradcheck(lambda x: x * 2, [mg.Tensor([1.0], requires_grad=True)])


def test_what_cannot_be_checked_is_said():
    assert mg.gradcheck(lambda x: x * 2, leaf(3))
    for inputs, message in [
        ([], "inputs must be at least one Value or tensor"),
        ([np.ones(3)], "parameter 0 must be"),
        ([mg.Tensor(np.ones(3))], "requires_grad=True"),
    ]:
        with pytest.raises(SettingError, match=message):
            mg.gradcheck(lambda x: x * 2, inputs)
    with pytest.raises(SettingError, match="got float"):
        mg.gradcheck(lambda x: 2.0, leaf(3))


def test_the_inputs_are_left_as_they_were():
    x = leaf(4)
    before = x.numpy()
    mg.gradcheck(lambda x: x.exp(), [x])
    np.testing.assert_array_equal(x.numpy(), before)


def tensor(*numbers):
    return mg.Tensor(np.array(numbers), requires_grad=True)


CORNERS = {
    "relu at 0": (lambda x: x.relu(), tensor(1.0, 0.0), ", element (1,)"),
    "relu near 0": (lambda x: x.relu(), tensor(1.0, 7e-7), ", element (1,)"),
    "relu just below 0": (lambda x: x.relu(), tensor(-3e-7, 1.0), ", element (0,)"),
    "equal maxima": (lambda x: x.max(), tensor(1.0, 2.0, 2.0), ", element (1,)"),
    "clip at its limit": (lambda x: x.clip(0, 1), tensor(0.5, 1.0), ", element (1,)"),
    "a jump": (lambda x: mg.ops.where(x >= 2, x + 1, x), tensor(2.0, 1.0), ", element (0,)"),
    "a Value": (lambda v: v.relu() * 3, mg.Value(0.0), ""),
}


@pytest.mark.parametrize("name", CORNERS)
def test_at_a_corner_the_rule_is_not_blamed(name):
    call, x, label = CORNERS[name]
    with pytest.raises(GradientError, match="a corner or a jump here") as error:
        mg.gradcheck(call, [x])
    assert str(error.value).startswith(f"parameter 0{label}: ")
    assert "on the left" in str(error.value)


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e-3])
@pytest.mark.parametrize("power", [2, 3, 8])
def test_a_wrong_rule_of_a_curved_function_is_blamed(scale, power):
    def wrong(x):
        y = x.array**power * scale
        return x.from_op(y, (x,), lambda dy: (dy * y,), "wrong")

    with pytest.raises(GradientError, match=r"autograd gives .*, finite differences"):
        mg.gradcheck(wrong, [tensor(3.0, 2.0)])


def test_a_sharp_bend_is_no_corner():
    def wrong(x):
        return x.from_op(1e3 * x.array**2, (x,), lambda dy: (5 * dy,), "wrong")

    with pytest.raises(GradientError, match="finite differences"):
        mg.gradcheck(wrong, [tensor(1e-3)])
