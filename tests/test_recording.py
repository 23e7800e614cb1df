"""Capture: the same bits as eager, and a refusal for everything a replay could not follow."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import backends, ops
from microgpt.autograd import engine
from microgpt.errors import CaptureError
from microgpt.recording import MAX_RECORDINGS


def batches(count, lengths, rows=1, seed=0):
    rng = np.random.default_rng(seed)
    for number in range(count):
        T = lengths[number % len(lengths)]
        yield rng.integers(0, 27, (rows, T)), rng.integers(-1, 27, (rows, T))


def trainer(config, micro_batches=1, clip=None, dtype="float32"):
    """A step of training as a function, with the model it changes."""
    model = mg.GPT(config, seed=3, dtype=dtype)
    optimizer = mg.Adam(model.parameters(), 0.01, betas=(0.85, 0.99))

    def step(tokens, targets):
        optimizer.zero_grad()
        total = None
        for _part in range(micro_batches):
            loss = model.loss(tokens, targets) * (1 / micro_batches)
            loss.backward()
            total = loss if total is None else total + loss
        norm = mg.clip_grad_norm_(model.parameters(), clip or float("inf"))
        optimizer.step()
        return {"loss": total, "norm": norm}

    return model, optimizer, step


CONFIGS = {
    "microgpt": (mg.GPTConfig(), {}),
    "tied head": (mg.GPTConfig(tie_weights=True, n_layer=2), {}),
    "biases": (mg.GPTConfig(bias=True, final_norm=True, activation="tanh"), {}),
    "four micro-batches": (mg.GPTConfig(), {"micro_batches": 4}),
    "clipped": (mg.GPTConfig(), {"clip": 0.5}),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_captured_training_is_eager_bit_for_bit(backend, name):
    config, options = CONFIGS[name]
    results = []
    for captured in (False, True):
        model, optimizer, step = trainer(config, **options)
        run = mg.capture(step) if captured else step
        losses = []
        for number, (tokens, targets) in enumerate(batches(60, (5, 3, 8, 16, 1), rows=2)):
            targets[:, 0] = 1
            optimizer.lr = 0.01 * (1 - number / 60)
            out = run(tokens.astype(np.int32), targets.astype(np.int32))
            losses.append((out["loss"].item(), out["norm"].item()))
        results.append((losses, model.state_dict()))
    assert results[0][0] == results[1][0]
    for key, weights in results[0][1].items():
        np.testing.assert_array_equal(weights, results[1][1][key])


def test_a_parameter_changed_outside_is_followed(backend):
    w = mg.Tensor(np.ones(3), requires_grad=True)
    double = mg.capture(lambda: w * 2)
    for number in range(5):
        w.data[...] = number
        np.testing.assert_array_equal(double().numpy(), [2.0 * number] * 3)


def test_results_are_copies_without_history(backend):
    w = mg.Tensor(np.ones(3), requires_grad=True)
    f = mg.capture(lambda x: (w * x, {"sum": [w.sum(), 3, "text", None]}))
    first = [f(np.full(3, float(i)))[0] for i in range(4)]
    assert [y.numpy()[0] for y in first] == [0, 1, 2, 3]
    _, rest = f(np.ones(3))
    assert rest["sum"][0].item() == 3
    assert rest["sum"][1:] == [3, "text", None]
    assert not first[0].requires_grad


def test_arguments_by_name_numbers_and_grad_mode_have_their_own_recordings(backend):
    w = mg.Tensor(np.ones(3), requires_grad=True)
    f = mg.capture(lambda x, factor=1.0: (w * x) * factor)
    x = np.arange(3.0)
    for _ in range(3):
        np.testing.assert_array_equal(f(x).numpy(), x)
        np.testing.assert_array_equal(f(x, factor=2.0).numpy(), 2 * x)
        np.testing.assert_array_equal(f(x=2 * x, factor=2.0).numpy(), 4 * x)
        with mg.no_grad():
            np.testing.assert_array_equal(f(mg.Tensor(x)).numpy(), x)
    assert "4 recordings" in repr(f)
    assert [launch.name for launch in f.launches()] == ["multiply_forward", "scale_forward"]


def test_whole_numbers_of_any_width_are_tokens(backend):
    w = mg.Tensor(np.arange(10.0).reshape(5, 2), requires_grad=True)
    f = mg.capture(lambda tokens: ops.embedding(w, tokens))
    for token in (0, 3, 1, 4):
        np.testing.assert_array_equal(f(np.array([token])).numpy(), [[2 * token, 2 * token + 1]])


def test_bad_tokens_are_refused_in_a_replay_too(backend):
    model = mg.GPT(mg.GPTConfig())
    f = mg.capture(model.loss)
    for _ in range(3):
        f(np.array([1, 2]), np.array([2, 3]))
    with pytest.raises(mg.TokenError, match="got 27 at position 1"):
        f(np.array([1, 27]), np.array([2, 3]))
    with pytest.raises(mg.TokenError, match="got 99 at position 0"):
        f(np.array([1, 2]), np.array([99, 3]))


READS = {
    ".item()": lambda x: x.item(),
    ".numpy()": lambda x: x.numpy(),
    ".data": lambda x: x.data,
    ".data ": lambda x: setattr(x, "data", [1.0]),
    ".grad": lambda x: x.grad,
    "Tensor(data)": lambda x: mg.Tensor([1.0]),
    ".item() by float": float,
    ".item() by bool": bool,
}


@pytest.mark.parametrize("name", READS)
def test_looking_at_numbers_is_refused(backend, name):
    x = mg.Tensor([2.0], requires_grad=True)

    def f():
        READS[name](x)
        return x * 1

    with pytest.raises(CaptureError, match=r"inside a captured function at test_recording\.py:\d+"):
        mg.capture(f)()
    assert backends.current_tracer() is None


def test_setting_the_rate_is_refused(backend):
    _model, optimizer, step = trainer(mg.GPTConfig())

    def f(tokens, targets):
        optimizer.lr = 0.1
        return step(tokens, targets)

    with pytest.raises(CaptureError, match="setting lr"):
        mg.capture(f)(np.array([[1]]), np.array([[2]]))


def test_a_changing_number_is_refused_with_both_values_and_the_line(backend):
    rates = iter([0.01, 0.00999, 0.00998, 0.00997])
    x = mg.Tensor([1.0], requires_grad=True)
    f = mg.capture(lambda: (x * 1.0) * next(rates))
    f()
    f()
    with pytest.raises(
        CaptureError,
        match=r"launch 1 scale_forward: recorded 0\.00999, this time 0\.00998 "
        r"\(test_recording\.py:\d+\)",
    ):
        f()


def test_changing_launches_are_refused(backend):
    turns = iter([1, 2, 3, 4])
    x = mg.Tensor([1.0], requires_grad=True)

    def f():
        y = x * 1.0
        for _ in range(next(turns)):
            y = y.exp()
        return y

    captured = mg.capture(f)
    captured()
    captured()
    with pytest.raises(CaptureError, match="recorded 3 launches, this time 4"):
        captured()

    others = iter([ops.exp, ops.tanh, ops.exp])
    captured = mg.capture(lambda: next(others)(x))
    captured()
    captured()
    with pytest.raises(CaptureError, match="launch 0: recorded tanh_forward, this time exp_"):
        captured()


def test_state_made_on_the_first_call_settles(backend):
    x, made = mg.Tensor([3.0], requires_grad=True), []

    def f():
        if not made:
            made.append(x * 2)
        return made[0] + x

    captured = mg.capture(f)
    assert [captured().item() for _ in range(5)] == [9.0] * 5
    assert "1 recordings" in repr(captured)


def test_an_array_made_inside_is_refused_at_once(backend):
    w = mg.Tensor(np.ones((5, 2)), requires_grad=True)
    f = mg.capture(lambda: ops.embedding(w, np.array([0, 1], np.int32)))
    with pytest.raises(CaptureError, match=r"launch 0 check_tokens \(test_recording.*made inside"):
        f()


def test_an_array_that_is_another_one_each_time_is_refused(backend):
    w, kept = mg.Tensor(np.ones((5, 2)), requires_grad=True), []

    def f():
        kept.append(np.array([0, 1], np.int32))
        return ops.embedding(w, kept[-1])

    captured = mg.capture(f)
    captured()
    captured()
    with pytest.raises(CaptureError, match=r"another array of shape \(2,\) each time"):
        captured()


def test_odd_arguments_and_results_are_refused(backend):
    x = mg.Tensor([1.0], requires_grad=True)
    with pytest.raises(CaptureError, match="argument 0 is or holds a list"):
        mg.capture(lambda a: x)([1.0])
    with pytest.raises(CaptureError, match="pass it detached"):
        mg.capture(lambda a: a * 2)(x * 2)
    with pytest.raises(CaptureError, match="returned a set"):
        mg.capture(lambda: {x})()


def test_an_error_inside_is_not_recorded(backend):
    x, fail = mg.Tensor([1.0], requires_grad=True), [True]

    def f():
        if fail[0]:
            raise RuntimeError("not now")
        return x * 2

    captured = mg.capture(f)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="not now"):
            captured()
    fail[0] = False
    assert [captured().item() for _ in range(3)] == [2.0] * 3


def test_recordings_are_bounded(backend):
    x = mg.Tensor([1.0], requires_grad=True)
    f = mg.capture(lambda factor: x * factor)
    for number in range(MAX_RECORDINGS + 10):
        for _ in range(2):
            assert f(float(number)).item() == number
    assert f"{MAX_RECORDINGS} recordings" in repr(f)
    for number in range(3 * MAX_RECORDINGS):
        f(-1.0 - number)
    assert not f._attempts  # at the bound none is added


def test_it_runs_eagerly_inside_another_recording_and_under_a_hook(backend):
    x, calls = mg.Tensor([3.0], requires_grad=True), []

    def f():
        calls.append(1)
        return x * 2

    inner = mg.capture(f)
    outer = mg.capture(lambda: inner() + 1)
    assert [outer().item() for _ in range(4)] == [7.0] * 4
    assert len(calls) == 2
    with engine.hook_activations(lambda name, node: node):
        inner()
    with engine.decomposed():
        inner()
    assert len(calls) == 4


def test_a_retained_result_of_a_recording_is_not_written_twice(backend):
    w = mg.Tensor(np.ones(2), requires_grad=True)
    f = mg.capture(lambda x: w * x)
    results = [f(np.full(2, float(i))) for i in range(6)]
    assert [r.numpy()[0] for r in results] == [0, 1, 2, 3, 4, 5]
