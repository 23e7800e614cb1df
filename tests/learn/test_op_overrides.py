"""Models that run a learner's operations: right ones train as the library, wrong ones differ."""

import numpy as np
import pytest
from override_models import (
    array_cross_entropy,
    array_softmax,
    column_softmax,
    sample_names,
    softmax_with_wrong_gradient,
    tensor_rms_norm,
    tensor_softmax,
    train,
)

import microgpt as mg
from microgpt import learn


@pytest.fixture(scope="module")
def library_losses():
    return train()


@pytest.mark.parametrize(
    ("functions", "differentiable"),
    [
        ({"softmax": array_softmax}, False),
        ({"softmax": tensor_softmax}, True),
        ({"softmax": array_softmax, "cross_entropy": array_cross_entropy}, False),
        ({"rms_norm": tensor_rms_norm}, True),
        ({"relu": lambda x: np.maximum(x, 0)}, False),
        ({"relu": lambda x: x.relu()}, True),
        ({"embedding": lambda ids, weight: weight[ids]}, True),
        ({"embedding": lambda ids, weight: np.take(weight, ids, axis=0)}, False),
        ({"linear": lambda x, weight: x @ weight.transpose()}, True),
    ],
    ids=lambda part: "-".join(part) if isinstance(part, dict) else str(part),
)
def test_right_operations_train_as_the_library_does(functions, differentiable, library_losses):
    with learn.using(**functions) as report:
        losses = train()
    np.testing.assert_allclose(losses, library_losses, atol=1e-4)
    assert report.matches_library
    assert report.gradient_error < 1e-4
    assert len(report.losses) == 10
    assert ("works on Tensors" in str(report)) is differentiable
    assert ("returns arrays" in str(report)) is not differentiable
    assert all(count >= 12 for count in report.calls.values())


def test_afterwards_the_library_runs_again(library_losses):
    with learn.using(softmax=column_softmax):
        train(steps=1)
    assert train() == library_losses


@pytest.mark.parametrize(
    "functions",
    [
        {"softmax": column_softmax},
        {"cross_entropy": lambda logits, targets: array_cross_entropy(logits, targets) / 2},
        {"rms_norm": lambda x, eps=1e-5: x / ((x * x).sum(-1, keepdims=True) + eps) ** 0.5},
        {"relu": lambda x: np.abs(x)},
        {"embedding": lambda ids, weight: weight[ids * 0]},
    ],
    ids=lambda part: "-".join(part),
)
def test_a_wrong_operation_is_noticed(functions):
    with learn.using(**functions) as report:
        train(steps=2)
    assert not report.matches_library
    assert "differ" in str(report)


def test_a_wrong_gradient_is_noticed_where_the_losses_agree():
    with learn.using(softmax=softmax_with_wrong_gradient) as report:
        train(steps=1)
    assert report.losses[0][0] == pytest.approx(report.losses[0][1], abs=1e-5)
    assert report.gradient_error > 0.01
    assert not report.matches_library
    assert "The first gradient differs" in str(report)


def test_the_first_gradient_may_come_after_other_losses():
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    with learn.using(softmax=softmax_with_wrong_gradient) as report:
        with mg.no_grad():
            for _ in range(12):
                model.loss(np.array([[1, 2, 3]]), np.array([[2, 3, 4]]))
        assert report.gradient_error is None
        mg.Trainer(model, mg.load_corpus("names-mini"), mg.TrainConfig(steps=2)).run()
    assert len(report.losses) == 10
    assert report.gradient_error > 0.01
    assert not report.matches_library


def test_a_model_with_a_cache_runs_it_too():
    expected = sample_names()
    with learn.using(softmax=array_softmax) as report:
        assert sample_names() == expected
    assert report.calls["softmax"] > 20
    assert report.matches_library


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.ascontiguousarray(array_softmax(x).swapaxes(-1, -2)),
        lambda x: array_softmax(x).reshape(-1),
        lambda x: array_softmax(x)[..., None],
        lambda x: tensor_softmax(x).transpose(),
        lambda x: tensor_softmax(x).reshape(-1),
    ],
    ids=("transposed", "flat", "another axis", "a transposed Tensor", "a flat Tensor"),
)
def test_another_shape_of_the_same_size_is_refused(function):
    x = mg.Tensor(np.arange(6.0).reshape(2, 3), backend="numpy")
    with (
        pytest.raises(mg.ShapeError, match=r"your softmax must return shape \(2, 3\); got \("),
        learn.using(softmax=function),
    ):
        mg.ops.softmax(x)


@pytest.mark.parametrize("function", [array_softmax, softmax_with_wrong_gradient])
def test_gradients_that_were_there_are_kept_and_not_compared(function):
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    tokens, targets = np.array([[1, 2, 3]]), np.array([[2, 3, 4]])
    model.loss(tokens, targets).backward()
    own = [parameter.grad_buffer().copy() for parameter in model.parameters()]
    for parameter in model.parameters():
        parameter.grad_buffer()[...] = 1e4
    with learn.using(softmax=function) as report:
        model.loss(tokens, targets)
    assert (report.gradient_error < 1e-4) is (function is array_softmax)
    for parameter, gradient in zip(model.parameters(), own, strict=True):
        assert (parameter.grad_buffer() == 1e4).all()
        assert gradient.any()


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_attention_calls_the_softmax_with_scaled_and_masked_scores(scale):
    scores = mg.Tensor(np.random.default_rng(0).normal(size=(2, 4, 4)), backend="numpy")
    expected = mg.ops.causal_softmax(scores, scale).numpy()
    with learn.using(softmax=array_softmax) as report:
        result = mg.ops.causal_softmax(scores, scale).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-12)
    assert report.calls["softmax"] == 1


def test_a_function_that_fails_on_tensors_and_on_arrays_tells_both_errors():
    def with_a_numpy_method(q, k, v):
        return mg.ops.softmax(q @ k.swapaxes(-1, -2)) @ v

    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    with (
        pytest.raises(TypeError, match="needs a Tensor") as error,
        mg.learn.using(causal_attention=with_a_numpy_method),
    ):
        model([0, 1, 2])
    notes = " ".join(error.value.__notes__)
    assert "on Tensors as in training, your causal_attention had raised AttributeError" in notes
    assert "swapaxes" in notes
