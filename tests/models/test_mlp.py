"""The network on a few tokens: its sizes, its formula, and that it learns."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.models.context_model import context_windows


def test_the_parameters_are_counted_as_in_the_lesson():
    assert mg.models.MLP().parameter_count() == 27 * 10 + 30 * 64 + 64 + 64 * 27 + 27 == 4009
    assert repr(mg.models.MLP()) == (
        "MLP(4,009 parameters: 3 tokens of 10 numbers, 64 hidden, vocabulary 27)"
    )


def test_a_window_is_the_last_tokens_and_the_first_stands_before_the_start():
    windows = context_windows(np.array([9, 1, 2, 3]), 3)
    assert windows.tolist() == [[9, 9, 9], [9, 9, 1], [9, 1, 2], [1, 2, 3]]
    assert context_windows(np.array([[9, 1]]), 1).tolist() == [[[9], [1]]]
    assert context_windows(np.array([9, 1]), 0).shape == (2, 0)


def test_it_computes_its_formula():
    model = mg.models.MLP(5, context=2, n_embd=3, hidden=4, dtype="float64", backend="numpy")
    weights = model.state_dict()
    tokens = np.array([[4, 0, 1], [4, 2, 3]])
    x = weights["wte.weight"][context_windows(tokens, 2)].reshape(2, 3, 6)
    h = np.tanh(x @ weights["c_fc.weight"].T + weights["c_fc.bias"])
    logits = h @ weights["lm_head.weight"].T + weights["lm_head.bias"]
    np.testing.assert_allclose(model(tokens).numpy(), logits, rtol=1e-12)
    np.testing.assert_allclose(np.exp(model.log_probs(tokens)).sum(-1), 1)
    targets = np.array([[0, 1, 4], [2, 3, -1]])
    losses = model.losses(tokens, targets)
    assert losses[1, 2] == 0
    assert model.loss(tokens, targets).item() == pytest.approx(losses.sum() / 5)
    assert mg.gradcheck(lambda *_: model.loss(tokens, targets), model.parameters())


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_it_learns_a_text_by_heart(backend):
    model = mg.models.MLP(4, context=3, n_embd=4, hidden=16, backend=backend)
    tokens, targets = np.array([3, 0, 1, 0, 2]), np.array([0, 1, 0, 2, 3])
    optimizer = mg.Adam(model.parameters(), 0.05)
    for _ in range(200):
        model.loss(tokens, targets).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert model.loss(tokens, targets).item() < 0.05


def test_what_is_no_model_is_refused():
    with pytest.raises(mg.SettingError, match="hidden must be"):
        mg.models.MLP(hidden=0)
    with pytest.raises(mg.TokenError, match="from 0 to 26"):
        mg.models.MLP()([27])
    with pytest.raises(mg.ShapeError, match="one shape"):
        mg.models.MLP().loss([1, 2], [1])
