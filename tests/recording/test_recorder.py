"""What a recorder refuses, keeps and knows of the source."""

import tracemalloc

import numpy as np
import pytest
from capture_cases import training_step

import microgpt as mg
from microgpt import backends
from microgpt.errors import CaptureError
from microgpt.recording.recorder import EXTERNAL, Recorder

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

    with pytest.raises(CaptureError, match=r"inside a captured function at test_recorder\.py:\d+"):
        mg.capture(f)()
    assert backends.current_tracer() is None


def test_setting_the_rate_is_refused(backend):
    _model, optimizer, step = training_step(mg.GPTConfig())

    def f(tokens, targets):
        optimizer.lr = 0.1
        return step(tokens, targets)

    with pytest.raises(CaptureError, match="setting lr"):
        mg.capture(f)(np.array([[1]]), np.array([[2]]))


def test_recording_holds_nothing_that_the_function_lets_go(backend):
    w = mg.Tensor(np.ones(10_000))

    def chain(x):
        y = w * x
        for _ in range(50):
            y = y * 1.0
        return y

    f, x = mg.capture(chain), np.ones(10_000)
    mg.capture(chain)(x), f(x)  # compiles
    tracemalloc.start()
    mg.capture(chain)(x), f(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * x.nbytes


def test_an_argument_changed_by_a_kernel_is_refused(backend):
    k = backends.get(backend)

    def f(x):
        y = k.empty(3, np.float64)
        k.launch("scale_forward", y, x, 2.0)
        k.launch("accumulate_", x, y)

    with pytest.raises(CaptureError, match=r"accumulate_ .*changes an argument"):
        mg.capture(f)(np.ones(3))

    def g(x):
        k.launch("scale_forward", x, x, 2.0)

    with pytest.raises(
        CaptureError, match=r"argument 0 was changed in place.*scale_forward \(test"
    ):
        mg.capture(g)(np.ones(3))


def test_lines_inside_a_captured_function_of_the_package_are_its_own(backend):
    model = mg.GPT(mg.GPTConfig())
    f = mg.capture(model.loss)
    for _ in range(2):
        f(np.array([1, 2]), np.array([2, 3]))
    assert all(launch.source.startswith("gpt.py:") for launch in f.launches())


def test_a_captured_decoding_step_is_refused_not_wrong(backend):
    model = mg.GPT(mg.GPTConfig())
    cache = mg.KVCache(model)
    with mg.no_grad(), pytest.raises(CaptureError, match=r"cache\.length"):
        mg.capture(lambda t: model(t, cache))(np.array([[1]]))


def test_an_argument_changed_in_place_is_refused(backend):
    f = mg.capture(lambda p: mg.backends.get(backend).launch("increment_position_", p, 1))
    with pytest.raises(CaptureError, match="changes an argument"):
        f(np.zeros(1, np.int32))


def test_a_new_array_at_the_address_of_a_freed_one_is_not_taken_for_it():
    recorder = Recorder([])
    temporary, other = np.zeros(3), np.zeros(3)
    recorder.on_alloc(temporary)
    stale = recorder._tracked[id(temporary)]
    del temporary
    recorder._tracked[id(other)] = stale  # as if memory and id were given out again
    assert recorder._ref(other).origin == EXTERNAL
    assert recorder._ref(other[1:]).offset == 8
    transposed = np.zeros((2, 3)).T
    assert recorder._ref(transposed).strides == transposed.strides
