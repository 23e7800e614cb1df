"""`ScalarGPT` agrees with `GPT`, and says what it does not support."""

import dataclasses

import numpy as np
import pytest
from model_cases import SMALL, batch

import microgpt as mg


@pytest.mark.parametrize(
    "changes",
    [{}, {"tie_weights": True}, {"final_norm": True, "embedding_norm": False}, {"n_head": 1}],
    ids=str,
)
def test_scalar_and_tensor_gpt_agree(backend, changes):
    config = dataclasses.replace(SMALL, **changes)
    model = mg.GPT(config, seed=1, dtype="float64")
    scalar = mg.ScalarGPT(config)
    scalar.load_state_dict(model.state_dict())
    tokens, targets = batch(config, rows=1)
    loss, expected = model.loss(tokens[0], targets[0]), scalar.loss(tokens[0], targets[0])
    assert abs(loss.item() - expected.data) < 1e-12
    logits = [[v.data for v in row] for row in scalar(tokens[0])]
    np.testing.assert_allclose(model(tokens[0]).numpy(), logits, rtol=0, atol=1e-12)
    loss.backward()
    expected.backward()
    gradients = scalar.gradients()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad, gradients[name], rtol=0, atol=1e-12)
