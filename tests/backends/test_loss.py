"""The loss of both back ends against formulas in float64, and far out."""

import numpy as np
import pytest
from kernel_checks import as_float64, assert_close, normal

import microgpt as mg
from microgpt import backends, ops


@pytest.mark.parametrize("vocab_size", [1, 2, 7, 27, 31, 32, 33, 768, 5000])
def test_cross_entropy_and_in_place(backend, dtype, vocab_size, rng):
    k, V = backends.get(backend), vocab_size
    logits, dlosses = normal(rng, dtype, (6, V), 6)
    targets = rng.integers(0, V, 6).astype(np.int32)
    targets[3] = -1
    losses, lse, dlogits = k.empty(6, dtype), k.empty(6, dtype), k.empty((6, V), dtype)
    k.launch("cross_entropy_forward", losses, lse, logits, targets)
    k.launch("cross_entropy_backward", dlogits, dlosses, logits, lse, targets)

    counted = targets >= 0
    scores, upstream = as_float64(logits, dlosses)
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    target_probs = probs[np.arange(6), targets]
    assert_close(losses, np.where(counted, -np.log(target_probs), 0), dtype)
    one_hot = np.zeros((6, V))
    one_hot[np.arange(6), targets] = 1
    assert_close(dlogits, np.where(counted, upstream, 0)[:, None] * (probs - one_hot), dtype)

    k.launch("cross_entropy_backward", logits, dlosses, logits, lse, targets)
    assert_close(logits, dlogits, dtype, 0.1)


@pytest.mark.parametrize("vocab_size", [3, 27, 100])
@pytest.mark.parametrize("shift", [-3000, -80, 80, 3000])
def test_cross_entropy_far_out(backend, dtype, vocab_size, shift, rng):
    """Where the sum of exponentials overflows or vanishes, the maximum is subtracted."""
    k = backends.get(backend)
    logits = normal(rng, dtype, (2, vocab_size))[0]
    targets = np.array([0, 2], np.int32)
    losses, shifted, lse = k.empty(2, dtype), k.empty(2, dtype), k.empty(2, dtype)
    k.launch("cross_entropy_forward", losses, lse, logits, targets)
    k.launch("cross_entropy_forward", shifted, lse, logits + np.dtype(dtype).type(shift), targets)
    np.testing.assert_allclose(
        shifted, losses, rtol=1e-12, atol=1e-3 if dtype == "float32" else 1e-11
    )
    logits[:, 1] = -np.inf  # a token that cannot come
    k.launch("cross_entropy_forward", losses, lse, logits, targets)
    assert np.isfinite(losses).all()


@pytest.mark.parametrize("n", [1, 2, 33, 700])
def test_masked_mean(backend, dtype, n, rng):
    k = backends.get(backend)
    losses = normal(rng, dtype, n)[0]
    targets = rng.integers(-1, 3, n).astype(np.int32)
    targets[0] = 0
    losses[targets < 0] = 0
    mean, count, dlosses = k.empty(1, dtype), k.empty(1, dtype), k.empty(n, dtype)
    k.launch("masked_mean_forward", mean, count, losses, targets)
    k.launch("masked_mean_backward", dlosses, np.array([2], dtype), count, targets)
    counted = targets >= 0
    assert_close(mean[0], as_float64(losses)[0][counted].mean(), dtype)
    assert count[0] == counted.sum()
    assert_close(dlosses, np.where(counted, 2 / counted.sum(), 0), dtype)


def test_nan_stays_in_its_row(backend, dtype, rng):
    k = backends.get(backend)
    (logits,) = normal(rng, dtype, (3, 33))
    logits[1, 20] = np.nan
    losses, lse = k.empty(3, dtype), k.empty(3, dtype)
    k.launch("cross_entropy_forward", losses, lse, logits, np.zeros(3, np.int32))
    np.testing.assert_array_equal(np.isnan(losses), [False, True, False])


def test_great_logits_in_any_column_do_not_overflow(backend):
    logits = mg.Tensor([[0.0, 1000.0], [1000.0, 0.0], [-1000.0, -2000.0]], dtype="float32")
    losses = ops.cross_entropy_per_token(logits, [0, 0, 1]).numpy()
    np.testing.assert_allclose(losses, [1000, 0, 1000])
