"""`Tensor`: NumPy's shapes and numbers, and errors that say what to do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import microgpt as mg
from microgpt import backends, ops
from microgpt.errors import (
    DeviceError,
    DtypeError,
    SettingError,
    ShapeError,
    StateError,
    TokenError,
)


def test_python_numbers_become_float32_and_arrays_keep_their_floats():
    assert mg.Tensor([1, 2]).dtype == np.float32
    assert mg.Tensor([1.0]).dtype == np.float32
    assert mg.Tensor(np.ones(2)).dtype == np.float64
    assert mg.Tensor(np.ones(2, np.float16), dtype="float32").dtype == np.float32
    assert mg.Tensor([1.0], dtype="float64").dtype == np.float64
    with pytest.raises(DtypeError, match="float32 or float64"):
        mg.Tensor(["a"])
    with pytest.raises(DtypeError, match="float32 or float64"):
        mg.Tensor([1.0], dtype="int32")


def test_the_data_is_copied():
    source = np.ones(3, np.float32)
    x = mg.Tensor(source)
    source[0] = 5
    assert x.data[0] == 1


@settings(max_examples=60, deadline=None)
@given(
    hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4),
    st.sampled_from(["add", "subtract", "multiply", "divide"]),
    st.sampled_from(["numpy", "numba"]),
)
def test_broadcasting_is_numpys(shapes, name, backend):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) + 3 for shape in shapes.input_shapes]
    with backends.using(backend):
        x, y = (mg.Tensor(array, requires_grad=True) for array in arrays)
        z = getattr(ops, name)(x, y)
        np.testing.assert_allclose(z.numpy(), getattr(np, name)(*arrays), rtol=1e-14)
        z.backward(np.ones(z.shape))
    assert [x.grad.shape, y.grad.shape] == [array.shape for array in arrays]
    if name == "add":
        assert np.all(x.grad == z.size / max(1, x.size))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_indexing_is_numpys(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=4))
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=False))
    array = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    x = mg.Tensor(array, requires_grad=True)
    y = x[key]
    np.testing.assert_array_equal(y.numpy(), array[key])
    y.backward(np.ones(y.shape))
    expected = np.zeros(shape)
    expected[key] = 1
    np.testing.assert_array_equal(x.grad, expected)


def test_operators_with_numbers_and_arrays_on_either_side(backend):
    x = mg.Tensor([1.0, 2.0, 4.0])
    a = np.array([2.0, 2.0, 2.0], np.float32)
    for got, expected in [
        (3 - x, [2, 1, -1]),
        (8 / x, [8, 4, 2]),
        (a - x, [1, 0, -2]),
        (a / x, [2, 1, 0.5]),
        (a * x, [2, 4, 8]),
        (x - a, [-1, 0, 2]),
        (x / 2, [0.5, 1, 2]),
        (np.float64(2) * x, [2, 4, 8]),
        (-x, [-1, -2, -4]),
    ]:
        assert isinstance(got, mg.Tensor)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got.numpy(), expected)


def test_reading(backend):
    x = mg.Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.shape == (2, 2)
    assert (x.ndim, x.size, len(x), x.backend.name) == (2, 4, 2, backend)
    assert [row.numpy().tolist() for row in x] == [[1.0, 2.0], [3.0, 4.0]]
    assert np.asarray(x).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert float(x[1, 1]) == 4.0
    assert bool(x[0, 0])
    assert "shape=(2, 2)" in repr(x)


def test_detach_and_to():
    x = mg.Tensor([1.0, 2.0], requires_grad=True, backend="numpy")
    assert not (x * 2).detach().requires_grad
    moved = x.to("numba")
    assert (moved.backend.name, moved.requires_grad) == ("numba", True)


def test_parameters_change_through_data_only():
    x = mg.Tensor([1.0, 2.0], requires_grad=True)
    storage = x.array
    x.data = [3.0, 4.0]
    assert x.array is storage
    assert storage.tolist() == [3.0, 4.0]
    with pytest.raises(ShapeError, match=r"\(2,\)"):
        x.data = [1.0]
    with pytest.raises(TypeError, match="not changed in place"):
        x[0] = 1.0


def a(*shape, **options):
    return mg.Tensor(np.ones(shape, np.float32), **options)


REFUSALS = {
    "shapes": (lambda: a(2, 3) + a(2), ShapeError, r"\(2, 3\) and \(2,\) do not fit"),
    "matmul": (lambda: a(2, 3) @ a(2, 3), ShapeError, "matmul needs"),
    "stacks": (lambda: a(2, 1, 3) @ a(4, 3, 1), ShapeError, "equal stacks"),
    "linear": (lambda: ops.linear(a(2, 3), a(5, 4)), ShapeError, "linear needs"),
    "head": (lambda: ops.linear_cross_entropy(a(2, 3), a(5, 4), [0, 1]), ShapeError, "linear"),
    "reshape": (lambda: a(2, 3).reshape(4, -1), ShapeError, "6 numbers"),
    "axes": (lambda: a(2, 3).transpose(0, 0), ShapeError, "order of the axes"),
    "axis": (lambda: a(2, 3).sum(axis=2), ShapeError, "axis 2 does not exist"),
    "index": (lambda: a(2)[5], ShapeError, "cannot be indexed"),
    "odd index": (lambda: a(2)["x"], TypeError, "integers, slices"),
    "index of floats": (lambda: a(2)[np.ones(2)], TypeError, "integers or booleans; got float64"),
    "index of tensors": (lambda: a(2)[a(2)], TypeError, "got Tensor"),
    "array index": (lambda: a(2)[[0, 2]], ShapeError, "index 2 for an axis of size 2"),
    "array index below": (lambda: a(2)[[0, -3]], ShapeError, "index -3 for an axis of size 2"),
    "mask": (lambda: a(2, 3)[np.ones(3, bool)], ShapeError, "a mask of shape"),
    "mask turned": (lambda: a(2, 3)[np.ones((3, 2), bool)], ShapeError, "a mask of shape"),
    "mask and slice": (lambda: a(2, 3)[:, np.ones(2, bool)], ShapeError, "cannot be indexed"),
    "pairs": (lambda: a(2, 3)[[0, 1], [0, 1, 2]], ShapeError, "cannot be indexed"),
    "too many": (lambda: a(2)[[0], [0]], ShapeError, "too many indices"),
    "axis twice": (lambda: a(2, 3).sum(axis=(0, 0)), ShapeError, "each axis once"),
    "no axes": (lambda: a(2, 3).sum(axis=()), ShapeError, "at least one"),
    "keepdims": (lambda: a(2, 3).sum(0, 1), TypeError, "several axes are a tuple"),
    "variance": (lambda: a(1).var(), ShapeError, "more than 1 numbers; got 1"),
    "cat sizes": (lambda: ops.cat([a(2, 3), a(2, 4)]), ShapeError, "equal sizes"),
    "cat axis": (lambda: ops.cat([a(2), a(2)], 1), ShapeError, "no such axis"),
    "stack": (lambda: ops.stack([a(2), a(3)]), ShapeError, "one shape"),
    "stack axis": (lambda: ops.stack([a(2)], 2), ShapeError, "no such axis"),
    "cat of arrays": (lambda: ops.cat([np.ones(2)]), TypeError, "at least one tensor"),
    "where": (lambda: ops.where(np.ones(2), a(2), 0), DtypeError, "must be booleans"),
    "where shapes": (lambda: ops.where(np.ones(3, bool), a(2), 0), ShapeError, "do not fit"),
    "where of arrays": (lambda: ops.where(np.ones(2, bool), 1, 0), TypeError, "np.where"),
    "clip": (lambda: a(2).clip(2, 1), SettingError, "min not above max"),
    "one_hot": (lambda: ops.one_hot([0, 3], 3), TokenError, "from 0 to 2; got 0 to 3"),
    "outer": (lambda: ops.outer(a(2), a(2, 1)), ShapeError, "two vectors"),
    "softmax axis": (lambda: a(2).softmax(1), ShapeError, "axis 1 does not exist"),
    "same order": (lambda: a(2, 3).transpose(0, 1), ShapeError, "use x.T"),
    "base": (lambda: "2" ** a(2), TypeError, "base must be a plain number"),
    "infinite power": (lambda: a(2) ** float("inf"), ValueError, "must be finite; got inf"),
    "ids": (lambda: ops.cross_entropy(a(2, 3), a(2)), DtypeError, "got a tensor of floats"),
    "broadcast": (lambda: a(2).broadcast_to(3), ShapeError, "cannot be broadcast"),
    "heads": (lambda: ops.split_heads(a(1, 2, 5), 2), ShapeError, "2 heads"),
    "max": (lambda: a(0).max(), ShapeError, "maximum of no numbers"),
    "mean": (lambda: a(0).mean(), ShapeError, "mean of no numbers"),
    "softmax": (lambda: a(2, 0).softmax(), ShapeError, "at least one number"),
    "causal": (lambda: ops.causal_softmax(a(2, 3)), ShapeError, r"\(…, T, T\)"),
    "attention": (lambda: ops.causal_attention(a(2, 3), a(2, 3), a(3, 3)), ShapeError, "one shape"),
    "item": (lambda: a(2).item(), ShapeError, "one number"),
    "start": (lambda: a(2, requires_grad=True).exp().backward(), ShapeError, "single number"),
    "no history": (lambda: a(1).backward(), StateError, "requires_grad"),
    "ragged": (lambda: mg.Tensor([[1, 2], [3]]), ShapeError, "one length"),
    "odd dtype": (lambda: mg.Tensor([1], dtype="float31"), DtypeError, "float31"),
    "backend": (
        lambda: a(2, backend="numpy") + a(2, backend="numba"),
        DeviceError,
        r'lives on "numpy".*"numba"; call \.to\("numpy"\)',
    ),
    "dtype": (lambda: a(2) + mg.Tensor(np.ones(2)), DtypeError, "float32, the other float64"),
    "operand": (lambda: a(2) + "x", TypeError, "not str"),
    "exponent": (lambda: a(2) ** a(2), TypeError, "plain number"),
    "token too large": (
        lambda: ops.embedding([0, 5], a(5, 2)),
        TokenError,
        "from 0 to 4 .* got 5 at position 1",
    ),
    "token negative": (lambda: ops.embedding([-1], a(5, 2)), TokenError, "got -1 at position 0"),
    "token float": (lambda: ops.embedding([0.5], a(5, 2)), DtypeError, "integers"),
    "token huge": (lambda: ops.embedding([2**40], a(5, 2)), TokenError, "32 bits"),
    "target": (lambda: ops.cross_entropy(a(1, 3), [3]), TokenError, "from 0 to 2, or -1"),
    "target low": (lambda: ops.cross_entropy(a(1, 3), [-2]), TokenError, "got -2"),
    "ignored": (lambda: ops.cross_entropy(a(2, 3), [-1, -1]), TokenError, "every target is -1"),
    "targets": (lambda: ops.cross_entropy(a(2, 3), [1]), ShapeError, r"\(2,\); got \(1,\)"),
    "none": (lambda: ops.cross_entropy(a(0, 3), []), ShapeError, "at least one target"),
    "number": (lambda: a(2) / 0, ZeroDivisionError, "the number 0"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_errors_name_the_value(backend, name):
    call, kind, message = REFUSALS[name]
    with pytest.raises(kind, match=message):
        call()


def test_errors_are_also_the_standard_kinds():
    assert issubclass(mg.ShapeError, ValueError)
    assert issubclass(mg.DtypeError, TypeError)
    assert issubclass(mg.BackendUnavailable, ImportError)
    assert issubclass(mg.DownloadError, OSError)
    assert issubclass(mg.CaptureError, mg.MicrogptError)


def test_nan_and_minus_infinity_go_through(backend):
    x = mg.Tensor([[0.0, np.nan, 1.0], [0.0, -np.inf, 1.0]])
    y = x.softmax().numpy()
    assert np.isnan(y[0]).any()
    assert y[1, 1] == 0
    np.testing.assert_allclose(y[1].sum(), 1, rtol=1e-6)
    assert np.isnan(mg.Tensor([np.nan]).relu().item())
    assert np.isnan(mg.Tensor([np.nan]).exp().item())


def test_softmax_of_large_numbers(backend):
    y = mg.Tensor([[1000.0, 1000.0], [-1000.0, 0.0]]).softmax().numpy()
    np.testing.assert_allclose(y, [[0.5, 0.5], [0.0, 1.0]])
