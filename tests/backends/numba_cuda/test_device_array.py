"""`DeviceArray`: views, copies, and what it refuses; transfers are counted."""

import copy
import pickle

import numpy as np
import pytest

import microgpt as mg
from microgpt import backends
from microgpt.backends import DeviceArray
from microgpt.backends.device_memory import GRAIN, Transfers
from microgpt.errors import CaptureError, DeviceError, ShapeError


@pytest.fixture
def array(device):
    """0 … 23 in three axes."""
    return device.from_host(np.arange(24, dtype=np.float32).reshape(2, 3, 4))


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[1], lambda a: a[-1], lambda a: a[0:1], lambda a: a[1:], lambda a: a[5:],
        lambda a: a[...], lambda a: a[1][2][1:3], lambda a: a.reshape(-1)[3:9],
        lambda a: a.reshape(6, -1)[2], lambda a: a.reshape((4, 6)), lambda a: list(a)[1],
        lambda a: a[0].copy(), lambda a: a.view(np.int32),
    ],
)  # fmt: skip
def test_views_are_numpys(array, view):
    numbers = array.numpy()
    found, expected = view(array), view(numbers)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    assert (found.size, found.nbytes, found.ndim) == (expected.size, expected.nbytes, expected.ndim)
    np.testing.assert_array_equal(found.numpy(), expected)
    assert found.tolist() == expected.tolist()


def test_views_share_memory_and_copies_do_not(array):
    view, copy = array[1], array.copy()
    view[...] = 7
    assert (array.numpy()[1] == 7).all()
    assert view.base is array
    assert view[0].base is array
    assert copy.base is None
    np.testing.assert_array_equal(copy.numpy(), np.arange(24).reshape(2, 3, 4))
    view[1:] = copy[0][1:]
    np.testing.assert_array_equal(array.numpy()[1, 1:], np.arange(24).reshape(2, 3, 4)[0, 1:])


@pytest.mark.parametrize(
    "read",
    [
        np.sum, np.asarray, np.add.reduce, lambda a: a + 1, lambda a: 1 - a, lambda a: np.e * a,
        lambda a: a == 0, lambda a: a < a, lambda a: a @ a, lambda a: -a, lambda a: 1 in a,
        lambda a: float(a[0][0][:1]), lambda a: bool(a), lambda a: np.concatenate([a, a]),
        lambda a: np.zeros(24).__setitem__(slice(None), a.reshape(-1)), lambda a: a[:, 0],
        lambda a: a[::2], lambda a: a[None], lambda a: f"{a[0][0][0]:.3f}", lambda a: abs(a),
        lambda a: a % 2, lambda a: 7 // a, lambda a: round(a), lambda a: 2**a, lambda a: a | 1,
        lambda a: a.mean(), lambda a: a.T, lambda a: a.astype("f8"), lambda a: a.cpu(),
        lambda a: complex(a[0][0][0]), lambda a: ~a, lambda a: divmod(a, 2),
    ],
)  # fmt: skip
def test_numpy_and_python_do_not_read_it(array, read):
    with pytest.raises(DeviceError, match=r"call \.numpy\(\)"):
        read(array)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda a: a[2], IndexError), (lambda a: a[-3], IndexError),
        (lambda a: a.reshape(5, 5), ShapeError), (lambda a: a.reshape(7, -1), ShapeError),
        (lambda a: a.item(), ShapeError), (lambda a: a.__setitem__(0, np.ones(5)), ShapeError),
        (lambda a: a.__setitem__(0, a), ShapeError), (lambda a: len(a[0][0][0]), TypeError),
        (lambda a: a[0][0][0][0], IndexError), (lambda a: a.view_at(-4, (1,), "f4"), ShapeError),
        (lambda a: a.view_at(92, (2,), "f4"), ShapeError),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(array, change, error):
    with pytest.raises(error):
        change(array)


def test_copies_of_every_sort_are_on_the_device(array):
    for other in (copy.deepcopy(array), pickle.loads(pickle.dumps(array)), array.copy()):
        assert other.driver is array.driver
        assert other.data_ptr != array.data_ptr
        np.testing.assert_array_equal(other.numpy(), array.numpy())


def test_transfers_are_counted(device, array):
    device.driver.transfers = Transfers()
    array[0] = 1.0
    array[1][0] = array[0][0]
    array.copy().fill_bytes(0)
    assert device.driver.transfers == Transfers(uploads=1, upload_bytes=48)
    assert array[0][0][1:2].item() == 1.0
    assert device.driver.transfers == Transfers(1, 48, downloads=1, download_bytes=4)
    numbers = device.to_host_together([array[0], array[1][0], array[0][0][:1].view(np.int32)])
    assert device.driver.transfers.downloads == 2
    for found, expected in zip(numbers, (array[0], array[1][0], array[0][0][:1]), strict=True):
        assert found.tobytes() == expected.numpy().tobytes()


def test_memory_is_given_out_again_aligned_and_filled_with_nan(device):
    first = device.empty(100, np.float32)
    first[...] = 1
    address = first.data_ptr
    assert address
    assert np.isnan(device.empty(100, np.float64).numpy()).all()
    del first
    again = device.empty(100, np.float32)
    assert again.data_ptr == address
    assert np.isnan(again.numpy()).all()
    part = again[10:]
    del again
    assert device.empty(100, np.float32).data_ptr != address  # a view keeps it
    del part
    device.driver.free_unused()
    assert device.arena(1000).nbytes == 1000
    assert device.alignment == GRAIN


def test_to_hasattr_and_dir_no_method_of_numpys_exists(array):
    assert not any(hasattr(array, name) for name in ("mean", "cpu", "T", "__array_interface__"))
    assert f"{array}" == repr(array)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = array.nothing


def test_a_launch_of_the_hosts_arrays_alone_is_refused(device):
    x = np.ones(3, np.float32)
    with pytest.raises(DeviceError, match=r"exp_forward .* got arrays of the host alone; copy"):
        device.launch("exp_forward", x.copy(), x)


def test_no_other_library_takes_the_hosts_memory_for_a_gpus(array):
    assert not hasattr(array, "__cuda_array_interface__")


def test_a_constant_is_uploaded_once_and_freed_with_the_hosts(device):
    plan = np.arange(15).reshape(3, 5)
    before = device.driver.transfers.uploads
    assert device.constant(plan) is device.constant(plan)
    assert device.driver.transfers.uploads == before + 1
    kept = len(device._constants)
    del plan
    assert len(device._constants) == kept - 1


def test_a_mixed_operand_names_the_fix(device):
    here = mg.Tensor([1.0], backend="cuda")
    with pytest.raises(DeviceError, match=r'"cuda", the other on "numpy"; call \.to\("cuda"\)'):
        here + mg.Tensor([1.0], backend="numpy")
    y = device.empty(1, np.float32)
    with pytest.raises(DeviceError, match=r"_exp_forward got y on the emulated device, x on"):
        device.launch("exp_forward", y, np.ones(1, np.float32))


def test_a_tensor_on_a_device(device):
    x = mg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, backend="cuda")
    assert isinstance(x.data, DeviceArray)
    assert repr(x).startswith("Tensor([[1., 2.],\n [3., 4.]], shape=(2, 2), float32, on cuda)")
    (x * x).sum().backward()
    assert isinstance(x.grad, DeviceArray)
    assert x.grad.tolist() == [[2, 4], [6, 8]]
    x.data = np.zeros((2, 2))
    x.grad = [[1, 1], [1, 1]]
    assert x.numpy().sum() == 0
    assert (x == 0).all()
    assert x.grad.numpy().sum() == 4
    assert (x + np.ones((2, 2), np.float32)).data.tolist() == [[1, 1], [1, 1]]
    for there in ("numpy", "cuda"):
        moved = x.to(there)
        assert moved.backend.name == there
        np.testing.assert_array_equal(moved.numpy(), x.numpy())
    assert mg.Tensor(moved, dtype="float64", backend="cuda").dtype == np.float64
    kept = mg.ops.where(np.array([True, False]), x, 5.0)
    assert kept.data.tolist() == [[0, 5], [0, 5]]
    assert x[np.array([1, 0])].shape == (2, 2)


def test_reading_it_in_a_recording_is_refused(device):
    x = mg.Tensor([1.0], backend="cuda")
    array = x.data
    for read in (array.numpy, array.item, lambda: array.__setitem__(0, 1.0)):
        with pytest.raises(CaptureError, match="inside a captured function"):
            mg.capture(read)()
    assert backends.current_tracer() is None
