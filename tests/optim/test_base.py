"""SGD, clipping, and what all optimisers check."""

import copy
import pickle

import numpy as np
import pytest
from emulated_device import emulate
from leaf_tensors import leaf
from optimizer_cases import parameters, set_gradients

import microgpt as mg
from microgpt.autograd.engine import override_optimizer
from microgpt.backends.memory import CACHE_LINE, data_ptr
from microgpt.errors import (
    SettingError,
    ShapeError,
    StateError,
)


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


def test_one_launch_for_a_full_model(backend):
    model = mg.GPT(mg.GPTConfig())
    assert len(mg.Adam(model.parameters()).flat_segments) == 1
    assert len(mg.Adam(model).flat_segments) == 1
    assert len(mg.Adam(model.parameters()[1:3]).flat_segments) == 1  # side by side
    assert len(mg.Adam(model.parameters()[::2]).flat_segments) == 4
    assert len(mg.Adam(parameters()).flat_segments) == 3


def test_one_launch_for_a_full_model_on_a_device(monkeypatch):
    device = emulate(monkeypatch)
    model = mg.GPT(mg.GPTConfig(), backend="cuda")
    expected = model.copy(backend="numpy")
    names, launch = [], device.driver.launch

    def note(kernel, *rest):
        names.append(kernel.function.__name__)
        launch(kernel, *rest)

    optimizers = [mg.AdamW(one, lr=0.1, weight_decay=0.5) for one in (model, expected)]
    for one in (model, expected):
        for p in one.parameters():
            p.grad = np.full(p.shape, 0.25)
    monkeypatch.setattr(device.driver, "launch", note)
    for optimizer in optimizers:
        optimizer.step()
    assert names == ["_increment_step", "_adamw_factors", "_adamw_step"]
    for name, weight in expected.state_dict().items():
        np.testing.assert_allclose(model.state_dict()[name], weight, rtol=1e-5, err_msg=name)


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


def test_a_parameter_listed_twice():
    w = leaf(2)
    with pytest.raises(ShapeError, match="listed twice"):
        mg.SGD([w, w], 0.1)


def test_an_optimiser_on_a_leaf_whose_flag_was_set_later(backend):
    w = mg.Tensor([1.0, 2.0])
    w.requires_grad = True
    optimizer = mg.SGD([w], 0.1)
    (w * w).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(w.data, [0.8, 1.6], rtol=1e-6)
    optimizer.zero_grad()
    assert not w.grad.any()
    x = mg.Tensor(np.array([1.0, 2.0]))
    x.requires_grad = True
    assert mg.gradcheck(lambda x: (x * x).sum(), [x])
    assert not x.grad.any()


def test_an_optimiser_is_not_copied_deeply(backend):
    with pytest.raises(StateError, match="make a new one"):
        copy.deepcopy(mg.SGD(mg.GPT(mg.GPTConfig()), 0.1))


OPTIMIZERS = {
    "sgd": lambda model: mg.SGD(model, 0.1),
    "adam": lambda model: mg.Adam(model, 0.01),
    "adamw": lambda model: mg.AdamW(model, 0.01, weight_decay=0.1),
}


def train(model, optimizer, steps=3):
    losses = []
    for step in range(steps):
        loss = model.loss([1, 2 + step, 3], [2, 3, 4])
        losses.append(loss.item())
        loss.backward()
        mg.clip_grad_norm_(model, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return losses


@pytest.mark.parametrize("model_first", [True, False])
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_model_and_its_optimiser_train_on_after_pickling(backend, make, model_first):
    model = mg.GPT(mg.GPTConfig())
    optimizer = make(model)
    train(model, optimizer)
    pair = (model, optimizer) if model_first else (optimizer, model)
    other_pair = pickle.loads(pickle.dumps(pair))
    other, other_optimizer = other_pair if model_first else other_pair[::-1]
    assert len(other_optimizer.flat_segments) == 1  # one launch a step, as before
    flat = [other_optimizer.flat_segments[0][0], *getattr(other_optimizer, "exp_avgs", [])]
    assert all(data_ptr(array) % CACHE_LINE == 0 for array in flat)
    other_optimizer.lr = optimizer.lr / 2
    assert optimizer.lr == 2 * other_optimizer.lr
    optimizer.lr = other_optimizer.lr
    assert train(other, other_optimizer) == train(model, optimizer)  # to the last bit


def test_an_optimiser_of_its_own_parameters_is_pickled(backend):
    w = mg.Tensor([1.0, 2.0], requires_grad=True)
    other_w, other = pickle.loads(pickle.dumps([w, mg.Adam([w], 0.1)]))
    (other_w * other_w).sum().backward()
    other.step()
    np.testing.assert_allclose(other_w.data, [0.9, 1.9], rtol=1e-5)
    assert w.data.tolist() == [1.0, 2.0]


def test_a_shallow_copy_steps_the_same_parameters_with_a_state_of_its_own(backend):
    w = mg.Tensor([1.0], requires_grad=True)
    optimizer = mg.Adam([w], 0.1)
    other = copy.copy(optimizer)
    (w * w).sum().backward()
    other.step()
    assert (optimizer.step_count, other.step_count) == (0, 1)
    np.testing.assert_allclose(w.data, [0.9], rtol=1e-5)


class Double:
    """An override that makes every step twice, and clips to half of what is asked."""

    def __init__(self):
        self.calls = []

    def step(self, optimizer):
        self.calls.append(type(optimizer).__name__)
        optimizer.step()
        optimizer.step()

    def clip(self, parameters, max_norm):
        self.calls.append(max_norm)
        return mg.clip_grad_norm_(parameters, max_norm / 2)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_an_override_runs_in_place_of_steps_and_clipping(backend):
    def make_step(captured):
        x = mg.Tensor(np.array([3.0, 4.0]), requires_grad=True, backend=backend)
        optimizer = mg.SGD([x], lr=1.0)

        def step():
            optimizer.zero_grad()
            (x * x / 2).sum().backward()
            norm = mg.clip_grad_norm_([x], 1.0)
            optimizer.step()
            return norm

        return x, mg.capture(step) if captured else step

    for captured in (False, True):
        x, step = make_step(captured)
        for _ in range(3):
            step()
        np.testing.assert_allclose(x.numpy(), [1.2, 1.6], rtol=1e-12)
        override = Double()
        with override_optimizer(override):
            assert step().item() == pytest.approx(2.0)
        assert override.calls == [1.0, "SGD"]
        np.testing.assert_allclose(x.numpy(), [0.6, 0.8], rtol=1e-12)
        step()
        np.testing.assert_allclose(x.numpy(), [0.0, 0.0], atol=1e-12)
