"""The training loops of the makemore lectures, as people paste them, reach PyTorch's losses."""

import json
from pathlib import Path

import numpy as np
import pytest
from makemore_data import CONTEXT, C, V, batches, bigram_weight, mlp_weights, windows

import microgpt as mg
from microgpt import ops

LOSSES = json.loads((Path(__file__).parents[1] / "golden" / "makemore.json").read_text("utf-8"))


def leaves(dtype, *arrays):
    return [mg.Tensor(array, requires_grad=True, dtype=dtype) for array in arrays]


def check(losses, name, dtype):
    got = [*losses[::10], losses[-1]]
    np.testing.assert_allclose(got, LOSSES[name], rtol=1e-10 if dtype == "float64" else 2e-4)
    assert got[-1] < got[0] - 0.5


DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])


@DTYPES
def test_a_bigram_model_as_a_layer_of_one_weight(backend, dtype):
    contexts, ys = windows(1)
    xs, N = contexts[:, 0], len(ys)
    (W,) = leaves(dtype, bigram_weight())
    losses = []
    for _ in range(60):
        logits = ops.one_hot(xs, V) @ W
        counts = logits.exp()
        probs = counts / counts.sum(1, keepdims=True)
        loss = -probs[np.arange(N), ys].log().mean() + 0.01 * (W**2).mean()
        W.grad = None
        loss.backward()
        W.data += -50 * W.grad
        losses.append(loss.item())
    check(losses, "bigram", dtype)


@DTYPES
def test_a_multilayer_perceptron_in_mini_batches(backend, dtype):
    X, Y = windows(CONTEXT)
    parameters = leaves(dtype, *mlp_weights())
    table, W1, b1, W2, b2 = parameters
    losses = []
    for ix in batches(len(Y)):
        embedded = table[X[ix]]
        h = (embedded.reshape(-1, CONTEXT * C) @ W1 + b1).tanh()
        loss = ops.cross_entropy(h @ W2 + b2, Y[ix])
        for p in parameters:
            p.grad = None
        loss.backward()
        with mg.no_grad():
            for p in parameters:
                p -= 0.2 * p.grad
        losses.append(loss.item())
    check(losses, "mlp", dtype)


@DTYPES
def test_batch_norm_written_by_hand(backend, dtype):
    X, Y = windows(CONTEXT)
    table, W1, _, W2, b2 = leaves(dtype, *mlp_weights())
    gain, bias = leaves(dtype, np.ones((1, W1.shape[1])), np.zeros((1, W1.shape[1])))
    parameters = [table, W1, W2, b2, gain, bias]
    running_mean, running_std = bias.detach() * 1, gain.detach() * 1
    losses = []
    for ix in batches(len(Y)):
        h = table[X[ix]].reshape(-1, CONTEXT * C) @ W1
        mean, std = h.mean(0, keepdims=True), h.std(0, keepdims=True)
        with mg.no_grad():
            running_mean = 0.99 * running_mean + 0.01 * mean
            running_std = 0.99 * running_std + 0.01 * std
        h = gain * (h - mean) / std + bias
        loss = ops.cross_entropy(h.tanh() @ W2 + b2, Y[ix])
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.2 * p.grad
        losses.append(loss.item())
    with mg.no_grad():
        h = gain * (table[X].reshape(-1, CONTEXT * C) @ W1 - running_mean) / running_std + bias
        losses.append(ops.cross_entropy(h.tanh() @ W2 + b2, Y).item())
    check(losses, "batch_norm", dtype)
