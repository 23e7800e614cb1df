"""`has_gradients`: what an answer on Tensors is asked for, and what passes."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.learn import Example, Exercise, Property, check
from microgpt.learn.bundled.tensor_gradients import has_gradients
from microgpt.learn.messages import message_section

CAUSES = message_section("causes")
X = np.array([[1.0, -2.0], [0.5, 3.0]])


def product(x, w, scale):
    return x * w * x * scale


def of(function):
    """The result of a check whose only property is the test, after the example."""
    exercise = Exercise(
        id="test.product", signature="product(x, w, scale) -> y", shapes="arrays", statement="",
        difficulty=1, importance=1, minutes=1, prerequisites=(), hints=("", "", ""),
        solution=product, common_mistakes=(),
        example=Example((X[0], X[1], 1.0), X[0] * X[1] * X[0]),
        properties=(
            Property("It has gradients.", lambda rng: [(X, X + 1, 2.0)], has_gradients(product)),
        ),
    )  # fmt: skip
    return check(exercise, function)


def is_tensor(x):
    return isinstance(x, mg.Tensor)


@pytest.mark.parametrize(
    "function",
    [
        product,
        lambda x, w, scale: (x * x * scale) * w,
        lambda x, w, scale: np.array(x) * np.array(w) * np.array(x) * scale,  # refused of Tensors
        lambda x, w, scale: product(x, w, scale) if isinstance(x, np.ndarray) else None,
        lambda x, w, scale: product(x.astype(np.float32), w, scale),  # no method of Tensors
    ],
)
def test_right_answers_pass(function):
    assert of(function)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w, scale: product(x.detach() if is_tensor(x) else x, w, scale),
        lambda x, w, scale: product(x, w.detach() if is_tensor(w) else w, scale),
        lambda x, w, scale: mg.Tensor(product(np.array(x.numpy() if is_tensor(x) else x), 1, scale)
                                      * (w.numpy() if is_tensor(w) else w)),
        lambda x, w, scale: product(x, w, scale) + (x - x.detach() if is_tensor(x) else 0.0),
    ],
)  # fmt: skip
def test_a_lost_or_wrong_gradient_is_noticed(function):
    result = of(function)
    assert result.state == "not yet"
    assert result.property == "It has gradients."
    assert result.cause == CAUSES["no_history"]


def test_other_values_on_tensors_are_noticed():
    result = of(lambda x, w, scale: product(x, w, scale * (2.0 if is_tensor(x) else 1.0)))
    assert result.cause == CAUSES["other_on_tensors"]
    np.testing.assert_allclose(result.got, 2 * result.expected)


def test_a_wrong_value_is_left_to_other_properties():
    assert of(lambda x, w, scale: product(x, w, scale) * (1.0 if scale == 1.0 else 3.0))
