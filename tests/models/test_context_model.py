"""What models of a few tokens, views and the scoreboard measure with: log-softmax and losses."""

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import override_ops
from microgpt.autograd.tensor import Tensor
from microgpt.models.context_model import log_softmax, target_losses


def test_log_softmax_is_the_operation_s_in_float64():
    logits = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32) * 50
    got = log_softmax(logits)
    assert (got.shape, got.dtype) == ((2, 3, 5), np.float64)
    expected = ops.log_softmax(Tensor(logits, dtype="float64", backend="numpy")).numpy()
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_allclose(np.exp(got).sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_array_equal(log_softmax(logits[0, 0]), got[0, 0])
    np.testing.assert_array_equal(log_softmax(logits.transpose(1, 0, 2)), got.transpose(1, 0, 2))


def test_what_never_comes_has_no_probability():
    assert log_softmax(np.array([0.0, -np.inf])).tolist() == [0.0, -np.inf]
    assert log_softmax(np.zeros((0, 4))).shape == (0, 4)


def test_a_learner_s_operation_changes_no_measure():
    logits = np.array([[0.0, 1.0], [2.0, -1.0]])
    expected = log_softmax(logits)
    with override_ops(lambda name, op, args, kwargs: 1 / 0):
        np.testing.assert_array_equal(log_softmax(logits), expected)


def test_losses_of_targets():
    log_probs = np.log([[[0.5, 0.5], [0.25, 0.75]]])
    losses = target_losses(log_probs, np.array([[1, 0]]))
    np.testing.assert_allclose(losses, [[np.log(2), np.log(4)]])
    ignored = target_losses(log_probs, np.array([[-1, 0]]))
    np.testing.assert_allclose(ignored, [[0, np.log(4)]])
    assert target_losses(np.array([[0.0, -np.inf]]), np.array([1])).tolist() == [np.inf]
