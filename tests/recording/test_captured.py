"""Captured functions: the same bits as eager, copies as results, bounds."""

import copy
import pickle
import threading

import numpy as np
import pytest
from capture_cases import random_batches, training_step

import microgpt as mg
from microgpt import backends
from microgpt.autograd import engine
from microgpt.recording import MAX_RECORDINGS

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
        model, optimizer, step = training_step(config, **options)
        run = mg.capture(step) if captured else step
        losses = []
        for number, (tokens, targets) in enumerate(random_batches(60, (5, 3, 8, 16, 1), rows=2)):
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


def test_state_made_on_the_first_call_settles(backend):
    x, made = mg.Tensor([3.0], requires_grad=True), []

    def f():
        if not made:
            made.append(x * 2)
        return made[0] + x

    captured = mg.capture(f)
    assert [captured().item() for _ in range(5)] == [9.0] * 5
    assert "1 recordings" in repr(captured)


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
    assert [inner().item() for _ in range(3)] == [6.0] * 3
    assert len(calls) == 4  # recorded twice by itself too
    with engine.hook_activations(lambda name, node: node):
        inner()
    with engine.decomposed():
        inner()
    with engine.override_ops(lambda name, op, args, options: op(*args, **options)):
        inner()
    assert len(calls) == 7


def test_a_retained_result_of_a_recording_is_not_written_twice(backend):
    w = mg.Tensor(np.ones(2), requires_grad=True)
    f = mg.capture(lambda x: w * x)
    results = [f(np.full(2, float(i))) for i in range(6)]
    assert [r.numpy()[0] for r in results] == [0, 1, 2, 3, 4, 5]


def test_two_threads_take_turns(backend, poison):
    w = mg.Tensor(np.arange(100.0), requires_grad=True)
    f = mg.capture(lambda x: (w * x).exp().sum())
    expected = [f(np.full(100, number / 1000)).item() for number in range(8)]
    failures = []

    def work(number):
        x = np.full(100, number / 1000)
        failures.extend(number for _ in range(200) if f(x).item() != expected[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_method_is_captured_and_state_in_arrays_is_followed(backend, poison):
    class Counter:
        def __init__(self):
            self.backend = backends.get(backend)
            self.position = np.zeros(1, np.int32)
            self.kept = self.backend.full((1, 1, 40, 1), np.float64)

        def step(self, new):
            """Writes `new` (1, 1, 1, 1) at the position and goes on."""
            self.backend.launch("kv_cache_write_", self.kept, new, self.position)
            self.backend.launch("increment_position_", self.position, 1)

    counter = Counter()
    step = mg.capture(counter.step)
    for number in range(30):
        step(np.full((1, 1, 1, 1), float(number)))
    assert counter.position[0] == 30
    np.testing.assert_array_equal(counter.kept[0, 0, :30, 0], range(30))


def test_recordings_of_tensors_on_two_back_ends():
    f = mg.capture(lambda x: x * 2)
    for _ in range(3):
        for name in ("numpy", "numba"):
            assert f(mg.Tensor([1.0], backend=name)).backend.name == name


def test_more_shapes_than_recordings(backend):
    two = mg.Tensor([2.0], requires_grad=True, dtype="float64")
    f = mg.capture(lambda x: x * two)
    for _ in range(4):
        for n in range(1, 67):
            assert f(mg.Tensor(np.ones(n))).sum().item() == 2 * n
    assert "64 recordings" in repr(f)


def test_launches_are_those_of_the_recording_used_last(backend):
    w = mg.Tensor(np.ones(1), requires_grad=True)
    f = mg.capture(lambda x: w * x)
    for size in (2, 3, 2, 3, 2):
        for _ in range(3):
            f(np.zeros(size))
        assert f.launches()[-1].shapes[0] == (size,)


def test_an_override_of_operations_is_not_replayed_over(backend):
    w = mg.Tensor(np.ones(2), requires_grad=True)
    f = mg.capture(lambda x: mg.ops.relu(w * x))
    for _ in range(3):
        f(np.ones(2))
    with engine.override_ops(lambda name, op, args, options: op(*args, **options) * 10):
        assert f(np.ones(2)).numpy().tolist() == [10, 10]
    assert f(np.ones(2)).numpy().tolist() == [1, 1]


def add_one(x):
    return x + 1


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))]
)
def test_a_copy_records_anew(backend, copied):
    """Recordings hold addresses, which mean nothing in a copy or in another process."""
    captured = mg.capture(add_one)
    for _ in range(4):
        captured(mg.Tensor([1.0]))
    other = copied(captured)
    assert len(captured.launches()) > 0
    assert len(other.launches()) == 0
    assert [other(mg.Tensor([float(n)])).item() for n in range(4)] == [1, 2, 3, 4]
