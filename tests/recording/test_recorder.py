"""What a recorder refuses, keeps and knows of the source."""

import re
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
    "print() or another copy of the numbers": print,
    "print() or another copy of the numbers by format": "{}".format,
    "print() or another copy of the numbers by to_host": lambda x: backends.to_host(x.array),
}


@pytest.mark.parametrize("name", READS)
def test_looking_at_numbers_is_refused(each_backend, name):
    x = mg.Tensor([2.0], requires_grad=True)

    def f():
        READS[name](x)
        return x * 1

    operation = re.escape(name.partition(" by ")[0].strip())
    where = r" inside a captured function at test_recorder\.py:\d+: a replay does not run this line"
    with pytest.raises(CaptureError, match=f"^{operation}{where}"):
        mg.capture(f)()
    assert backends.current_tracer() is None


def test_a_model_is_not_saved_or_loaded_in_a_recording(each_backend, tmp_path):
    model = mg.GPT(mg.GPTConfig(5, block_size=4, n_layer=1, n_embd=4, n_head=1))
    file = mg.save(tmp_path / "saved", model)
    with pytest.raises(CaptureError, match=r"^saving or another read of the numbers inside a cap"):
        mg.capture(lambda: mg.save(tmp_path / "unused", model))()
    with pytest.raises(CaptureError, match=r"^Tensor\(data\) inside a captured function"):
        mg.capture(lambda: mg.load(file))()
    assert not list(tmp_path.glob("unused/*"))


def test_generation_is_not_recorded(each_backend):
    model = mg.GPT(mg.GPTConfig(5, block_size=4, n_layer=1, n_embd=4, n_head=1))
    for name, generate in {
        "generate": lambda: list(mg.generate(model, [1], 1)),
        "generate_batch": lambda: mg.generate_batch(model, [[1]], 1),
    }.items():
        with pytest.raises(CaptureError, match=rf"^{name}\(\) inside a captured function at test_"):
            mg.capture(generate)()


def test_another_error_about_a_tensor_stays_that_error(each_backend):
    """Its sentence would show the tensor, whose numbers nobody may see while a call is recorded."""
    with pytest.raises(mg.SettingError, match="p must be at least 0 and below 1; got Tensor"):
        mg.capture(lambda p: mg.nn.Dropout(p))(mg.Tensor([0.5]))


def test_setting_the_rate_is_refused(each_backend):
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

    f, first, x = mg.capture(chain), mg.capture(chain), np.ones(10_000)
    first(x), first(x), f(x)  # compiles, and imports what a first replay needs
    tracemalloc.start()
    mg.capture(chain)(x), f(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * x.nbytes


def test_an_argument_changed_by_a_kernel_is_refused(each_backend):
    k = backends.get(each_backend)

    def f(x):
        y = k.empty(3, np.float64)
        k.launch("scale_forward", y, x, 2.0)
        k.launch("accumulate_", x, y)

    with pytest.raises(CaptureError, match=r"accumulate_ .*changes an argument"):
        mg.capture(f)(k.from_host(np.ones(3)))

    def g(x):
        k.launch("scale_forward", x, x, 2.0)

    with pytest.raises(
        CaptureError, match=r"argument 0 was changed in place.*scale_forward \(test"
    ):
        mg.capture(g)(k.from_host(np.ones(3)))


def test_lines_inside_a_captured_function_of_the_package_are_its_own(backend):
    model = mg.GPT(mg.GPTConfig())
    f = mg.capture(model.loss)
    for _ in range(2):
        f(np.array([1, 2]), np.array([2, 3]))
    assert all(launch.source.startswith("gpt.py:") for launch in f.launches())


def test_a_captured_decoding_step_is_refused_not_wrong(each_backend):
    model = mg.GPT(mg.GPTConfig())
    cache = mg.KVCache(model)
    with mg.no_grad(), pytest.raises(CaptureError, match=r"cache\.length"):
        mg.capture(lambda t: model(t, cache))(np.array([[1]]))


def test_an_argument_changed_in_place_is_refused(each_backend):
    f = mg.capture(lambda p: mg.backends.get(each_backend).launch("increment_position_", p, 1))
    with pytest.raises(CaptureError, match="changes an argument"):
        f(backends.get(each_backend).from_host(np.zeros(1, np.int32)))


def test_a_new_array_at_the_address_of_a_freed_one_is_not_taken_for_it():
    recorder = Recorder([])
    temporary, other = np.zeros(3), np.zeros(3)
    recorder.on_alloc(temporary)
    stale = recorder._tracked[id(temporary)]
    del temporary
    recorder._tracked[id(other)] = stale  # as if memory and id were given out again
    assert recorder._ref(other).origin == EXTERNAL
    assert recorder._ref(other[1:]).offset == 8
    assert recorder._ref(other[::-1]).offset == 8 * (other.size - 1)
    transposed = np.zeros((2, 3)).T
    assert recorder._ref(transposed).strides == transposed.strides
