"""Adam and AdamW against the same rules written plainly."""

import numpy as np
import pytest
from optimizer_cases import parameters, set_gradients

import microgpt as mg
from microgpt.errors import SettingError


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
    expected_params = parameters()
    decaying = mg.AdamW(params, lr=0.3, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.2)
    plain = mg.Adam(expected_params, lr=0.3, betas=(0.8, 0.95), eps=1e-6)
    for t in range(3):
        set_gradients(params, t)
        set_gradients(expected_params, t)
        decaying.lr = plain.lr = 0.3 / (t + 1)
        expected_params[0].data[...] *= 1 - 0.3 / (t + 1) * 0.2
        decaying.step()
        plain.step()
    for one, other in zip(params, expected_params, strict=True):
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
