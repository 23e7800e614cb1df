"""Optimisers against the same rules written plainly."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.errors import SettingError


def parameters(dtype="float64"):
    rng = np.random.default_rng(0)
    return [
        mg.Tensor(rng.normal(size=shape), requires_grad=True, dtype=dtype)
        for shape in [(3, 4), (5,), ()]
    ]


def set_gradients(params, seed):
    rng = np.random.default_rng(seed)
    for p in params:
        p.grad[...] = rng.normal(size=p.shape)


def test_sgd(backend):
    params = parameters()
    expected = [p.numpy() for p in params]
    optimizer = mg.SGD(params, lr=0.1)
    for seed in range(3):
        set_gradients(params, seed)
        expected = [e - 0.1 * p.grad for e, p in zip(expected, params, strict=True)]
        optimizer.step()
    for p, e in zip(params, expected, strict=True):
        np.testing.assert_allclose(p.data, e, rtol=1e-14)


def test_adam(backend):
    params = parameters()
    data = [p.numpy() for p in params]
    m, v = [0 * d for d in data], [0 * d for d in data]
    optimizer = mg.Adam(params, lr=0.5, betas=(0.8, 0.95), eps=1e-6)
    for t in range(1, 6):
        set_gradients(params, t)
        optimizer.lr = 0.5 / t
        for i, p in enumerate(params):
            m[i] = 0.8 * m[i] + 0.2 * p.grad
            v[i] = 0.95 * v[i] + 0.05 * p.grad**2
            m_hat, v_hat = m[i] / (1 - 0.8**t), v[i] / (1 - 0.95**t)
            data[i] = data[i] - 0.5 / t * m_hat / (np.sqrt(v_hat) + 1e-6)
        optimizer.step()
    for p, d in zip(params, data, strict=True):
        np.testing.assert_allclose(p.data, d, rtol=1e-12)


def test_adamw_decays_matrices_and_nothing_else(backend):
    params = parameters()
    twins = parameters()
    decaying = mg.AdamW(params, lr=0.3, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.2)
    plain = mg.Adam(twins, lr=0.3, betas=(0.8, 0.95), eps=1e-6)
    for t in range(3):
        set_gradients(params, t)
        set_gradients(twins, t)
        decaying.lr = plain.lr = 0.3 / (t + 1)
        twins[0].data[...] *= 1 - 0.3 / (t + 1) * 0.2
        decaying.step()
        plain.step()
    for one, other in zip(params, twins, strict=True):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-13)


def test_adamw_decays_the_front_of_a_model_s_store(backend):
    config = mg.GPTConfig.preset("gpt2-124M", vocab_size=9, block_size=4, n_layer=1, n_embd=24)
    model = mg.GPT(config)
    optimizer = mg.AdamW(model, lr=0.5, weight_decay=0.1)
    matrices = sum(p.size for p in model.parameters() if p.ndim == 2)
    assert optimizer.decayed_sizes == [matrices]
    before = model.state_dict()
    optimizer.step()  # all gradients are zero: only the decay acts
    for name, after in model.state_dict().items():
        factor = np.float32(0.95) if after.ndim == 2 else 1
        np.testing.assert_allclose(after, before[name] * factor, rtol=1e-6)
    with pytest.raises(SettingError, match="weight_decay must be at least 0"):
        mg.AdamW(model, weight_decay=-1)


def test_one_launch_for_a_whole_model(backend):
    model = mg.GPT(mg.GPTConfig())
    assert len(mg.Adam(model.parameters()).flat_segments) == 1
    assert len(mg.Adam(model).flat_segments) == 1
    assert len(mg.Adam(model.parameters()[1:3]).flat_segments) == 1  # side by side
    assert len(mg.Adam(model.parameters()[::2]).flat_segments) == 4
    assert len(mg.Adam(parameters()).flat_segments) == 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clipping(backend, dtype):
    params = parameters(dtype)
    set_gradients(params, 1)
    grads = [p.grad.copy() for p in params]
    norm = np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in grads))
    assert mg.clip_grad_norm_(params, 2 * norm).item() == pytest.approx(norm, rel=1e-12)
    for p, g in zip(params, grads, strict=True):
        np.testing.assert_array_equal(p.grad, g)
    assert mg.clip_grad_norm_(params, norm / 4).item() == pytest.approx(norm, rel=1e-12)
    for p, g in zip(params, grads, strict=True):
        np.testing.assert_allclose(p.grad, g / 4, rtol=1e-6)


def test_the_norm_of_large_gradients_does_not_overflow(backend):
    p = mg.Tensor(np.zeros(5000), requires_grad=True, dtype="float32")
    p.grad[...] = 1e30
    assert mg.clip_grad_norm_([p]).item() == pytest.approx(1e30 * np.sqrt(5000), rel=1e-6)


def test_zero_grad(backend):
    params = parameters()
    set_gradients(params, 0)
    mg.SGD(params, 0.1).zero_grad()
    assert not any(p.grad.any() for p in params)


def test_the_schedule():
    schedule = mg.linear_schedule(0.01, 1000)
    assert [schedule(s) for s in (0, 500, 999, 1000, 2000)] == pytest.approx(
        [0.01, 0.005, 0.00001, 0, 0]
    )


def test_refusals():
    with pytest.raises(SettingError, match="at least one tensor"):
        mg.Adam([])
    leaf = mg.Tensor([1.0], requires_grad=True)
    for wrong in ([mg.Tensor([1.0])], [leaf * 2], [1.0]):
        with pytest.raises(SettingError, match="requires_grad=True"):
            mg.Adam(wrong)
    with pytest.raises(SettingError, match="parameters must be a list, even of one"):
        mg.SGD(leaf, 0.1)
    with pytest.raises(SettingError, match="lr must be at least 0"):
        mg.SGD(parameters(), lr=-1)
    with pytest.raises(SettingError, match="lr must be at least 0"):
        mg.SGD(parameters(), lr=float("nan"))
    with pytest.raises(SettingError, match="betas"):
        mg.Adam(parameters(), betas=(0.9, 1.0))
    with pytest.raises(SettingError, match="max_norm"):
        mg.clip_grad_norm_(parameters(), 0)
    with pytest.raises(SettingError, match="at least one"):
        mg.clip_grad_norm_([])


def test_a_cosine_with_a_warm_up():
    schedule = mg.cosine_schedule(1.0, 14, warmup_steps=4, min_lr=0.2)
    assert [schedule(s) for s in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    expected = [0.2 + 0.8 * (1 + np.cos(np.pi * done / 10)) / 2 for done in range(11)]
    assert [schedule(s) for s in range(4, 15)] == pytest.approx(expected)
    assert schedule(4) == 1.0
    assert schedule(9) == pytest.approx(0.6)
    assert [schedule(s) for s in (14, 1000)] == [0.2, 0.2]


def test_a_line_with_a_warm_up_and_a_constant():
    schedule = mg.linear_schedule(1.0, 12, warmup_steps=2, min_lr=0.5)
    assert [schedule(s) for s in (0, 1, 2, 7, 12, 13)] == pytest.approx(
        [1 / 3, 2 / 3, 1.0, 0.75, 0.5, 0.5]
    )
    constant = mg.constant_schedule(0.3, warmup_steps=2)
    assert [constant(s) for s in (0, 1, 2, 10**9)] == pytest.approx([0.1, 0.2, 0.3, 0.3])
    for wrong, message in [
        ({"warmup_steps": 5}, "warmup_steps must be below steps=5; got 5"),
        ({"warmup_steps": -1}, "warmup_steps must be a non-negative integer"),
        ({"min_lr": 2.0}, "min_lr must be from 0 to lr=1.0; got 2.0"),
        ({"steps": 0}, "steps must be a positive integer"),
        ({"lr": float("inf")}, "lr must be at least 0 and finite"),
        ({"lr": "1"}, "lr must be a number"),
    ]:
        with pytest.raises(SettingError, match=message):
            mg.cosine_schedule(**{"lr": 1.0, "steps": 5, **wrong})


def test_settings_of_an_optimiser_are_numbers():
    for wrong, message in [
        ({"lr": float("inf")}, "lr must be at least 0 and finite"),
        ({"lr": "0.1"}, "lr must be a number; got '0.1'"),
        ({"eps": -1.0}, "eps must be at least 0 and finite"),
        ({"eps": float("nan")}, "eps must be at least 0 and finite"),
        ({"eps": "x"}, "eps must be a number"),
        ({"betas": (0.9, 0.99, 0.999)}, "betas must be two numbers"),
        ({"betas": 0.9}, "betas must be two numbers"),
        ({"betas": ("0.9", 0.99)}, "betas must be a number"),
        ({"betas": (float("nan"), 0.9)}, "betas must be at least 0 and below 1"),
    ]:
        for kind in (mg.Adam, mg.AdamW):
            with pytest.raises(SettingError, match=message):
                kind(parameters(), **wrong)
    for wrong in ("0.1", float("nan"), float("inf"), -1):
        with pytest.raises(SettingError, match="weight_decay must be"):
            mg.AdamW(parameters(), weight_decay=wrong)
    optimizer = mg.SGD(parameters(), lr=0.1)
    with pytest.raises(SettingError, match="lr must be a number"):
        optimizer.lr = None
    assert optimizer.lr == 0.1
    with pytest.raises(SettingError, match="max_norm must be a number"):
        mg.clip_grad_norm_(parameters(), "1")


@pytest.mark.parametrize("name", ["betas", "eps", "weight_decay"])
def test_what_a_recorded_step_could_not_follow_is_fixed(name):
    optimizer = mg.AdamW(parameters(), betas=[0.8, 0.9], eps=0.5, weight_decay=0.25)
    assert (optimizer.betas, optimizer.eps, optimizer.weight_decay) == ((0.8, 0.9), 0.5, 0.25)
    with pytest.raises(AttributeError, match="no setter"):
        setattr(optimizer, name, 0.1)


def test_what_an_optimiser_remembers_can_be_filled_again(backend):
    one, other = parameters(), parameters()
    first, second = mg.AdamW(one, lr=0.1), mg.AdamW(other, lr=0.1)
    for seed in range(3):
        set_gradients(one, seed)
        first.step()
    for name, array in first.state_arrays().items():
        second.state_arrays()[name][...] = array
    for before, after in zip(one, other, strict=True):
        after.data = before.data
    for params, optimizer in ((one, first), (other, second)):
        set_gradients(params, 9)
        optimizer.step()
    assert second.step_count == 4
    for expected, found in zip(one, other, strict=True):
        np.testing.assert_array_equal(found.data, expected.data)
    assert mg.SGD(parameters(), 0.1).state_arrays() == {}
