"""Arguments of captured functions: which calls share a recording, and what is refused."""

from typing import NamedTuple

import numpy as np
import pytest
from emulated_device import emulate
from leaf_tensors import leaf

import microgpt as mg
from microgpt import backends, ops
from microgpt.errors import CaptureError, DtypeError
from microgpt.recording.arguments import flatten_arguments, recording_key


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


def test_integers_of_any_width_are_tokens(each_backend):
    w = mg.Tensor(np.arange(10.0).reshape(5, 2), requires_grad=True)
    f = mg.capture(lambda tokens: ops.embedding(tokens, w))
    for token in (0, 3, 1, 4):
        np.testing.assert_array_equal(f(np.array([token])).numpy(), [[2 * token, 2 * token + 1]])


def test_integers_on_a_device_keep_their_type(monkeypatch):
    device = emulate(monkeypatch)
    w = mg.Tensor(np.arange(10.0).reshape(5, 2), backend="cuda")
    for dtype in ("int64", "int32", "float32"):
        numbers = device.from_host(np.arange(3).astype(dtype))
        f = mg.capture(lambda a: a)
        for _ in range(3):
            found = f(numbers)
            assert (found.dtype, found.tolist()) == (np.dtype(dtype), [0, 1, 2])
        if dtype != "int32":
            with pytest.raises(DtypeError, match=f"on a device must be int32; got {dtype}; conv"):
                mg.capture(lambda tokens: ops.embedding(tokens, w))(numbers)


def test_odd_arguments_and_results_are_refused(each_backend):
    x = mg.Tensor([1.0], requires_grad=True)
    with pytest.raises(CaptureError, match="argument 0 is or holds a list"):
        mg.capture(lambda a: x)([1.0])
    with pytest.raises(CaptureError, match="pass it detached"):
        mg.capture(lambda a: a * 2)(x * 2)
    with pytest.raises(CaptureError, match="returned a set"):
        mg.capture(lambda: {x})()


class Pair(NamedTuple):
    first: mg.Tensor
    second: int


def test_named_tuples_and_nan_in_captured_functions(each_backend):
    w = leaf(2)
    f = mg.capture(lambda: Pair(w * 2, 3))
    for _ in range(3):
        assert f().second == 3
    with pytest.raises(CaptureError, match="NaN"):
        mg.capture(lambda x: w * x)(float("nan"))


def test_equal_arguments_of_other_types_have_their_own_recordings(each_backend):
    one = mg.Tensor(np.ones(1), requires_grad=True)
    f = mg.capture(lambda s: one * (s[0] if isinstance(s[0], float) else 10 * s[0]))
    for _ in range(3):
        assert f((1,)).item() == 10.0
        assert f((1.0,)).item() == 1.0
    with pytest.raises(CaptureError, match="is or holds a dict"):
        f({"s": 1})


def test_an_argument_that_is_kept_is_not_the_next_one(each_backend):
    state = {}

    def change(x):
        y = x - state.get("previous", x)
        state["previous"] = x
        return y

    f = mg.capture(change)
    for x in (0.0, 1.0):
        f(mg.Tensor([x]))
    with pytest.raises(CaptureError):
        f(mg.Tensor([4.0]))


def test_a_named_tuple_is_not_a_plain_one(backend):
    class Pair(NamedTuple):
        a: float
        b: float

    f = mg.capture(lambda x, pair: x * (pair.a if isinstance(pair, Pair) else 7.0))
    for _ in range(3):
        assert f(mg.Tensor([1.0]), Pair(1.0, 2.0)).item() == 1.0
        assert f(mg.Tensor([1.0]), (1.0, 2.0)).item() == 7.0


def test_everything_that_a_recording_depends_on_is_in_its_key():
    x = np.zeros((2, 3), np.float32)

    def key(*values, names=()):
        return recording_key(values, names)

    class Two(NamedTuple):
        first: int
        second: int

    first = key(x, 1)
    others = [
        key(x, 1.0), key(x, True), key(x, "1"), key(x, None), key(x, 2), key(1, x), key(x),
        key(x.reshape(3, 2), 1), key(x.reshape(6), 1), key(x.astype("float64"), 1),
        key(x.astype("int32"), 1), key(x, 1, names=("a",)), key(x, 1, names=("b",)),
        key(x, (1,)), key(x, (1.0,)), key(x, (1, 2)), key(x, Two(1, 2)), key(x, ((1, 2),)),
        key(mg.Tensor(x, backend="numpy"), 1), key(mg.Tensor(x, backend="numba"), 1),
    ]  # fmt: skip
    with mg.no_grad():
        others.append(key(x, 1))
    for name in ("numpy", "numba"):
        with backends.using(name):
            others.append(key(x, 1))
    assert len({first, *others}) == len(others)  # one of the back ends is the current one
    assert key(x + 1, 1) == first
    assert flatten_arguments((1,), {"b": 2, "a": 3}) == flatten_arguments((1,), {"a": 3, "b": 2})


def test_an_argument_is_read_and_never_written(backend):
    w = mg.Tensor(np.ones(3), requires_grad=True)
    f = mg.capture(lambda x: w * x)
    arrays = [np.full(3, float(number)) for number in range(5)]
    results = [f(array).numpy().tolist() for array in arrays]
    assert [array.tolist() for array in arrays] == results == [[n] * 3 for n in range(5)]
