"""Every kernel's threads, run on the emulated device without one finding, give NumPy's numbers."""

import numpy as np
import pytest
from cases import BY_NAME, CASES

import microgpt as mg
from microgpt import backends
from microgpt.backends.numba_cuda import _launch
from microgpt.interpreter import ORDERS

SIZES = (0, 1, 31, 32, 33)
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@pytest.fixture(autouse=True)
def nan_filled_memory(device, monkeypatch):
    """No result may depend on what stood in memory before."""
    monkeypatch.setattr(device, "poison", True)


def results(case, n, dtype, backend, passes=1):
    """The value and the gradients of a case."""
    with backends.using(backend):
        tensors = [mg.Tensor(a, requires_grad=True, dtype=dtype) for a in case.inputs(n)]
        y = case.call(*tensors)
        dy = np.cos(np.arange(y.size)).reshape(y.shape)
        for _ in range(passes):
            y.backward(dy)
    return [y.numpy(), *(backends.to_host(tensor.grad) for tensor in tensors)]


def launches():
    """(name, n, dtype) of every case; the ragged size in float32 is fast enough for each change."""
    for case in CASES:
        for n in sorted(set(SIZES) & set(case.sizes)):
            for dtype in TOLERANCE:
                is_fast = n == 33 and dtype == "float32"
                yield pytest.param(case.name, n, dtype, marks=[] if is_fast else pytest.mark.slow)


@pytest.mark.parametrize(("name", "n", "dtype"), list(launches()))
def test_values_and_gradients_are_numpys(name, n, dtype):
    case, tolerance = BY_NAME[name], TOLERANCE[dtype]
    for passes in (1, 2):
        found = results(case, n, dtype, "cuda", passes)
        expected = results(case, n, dtype, "numpy", passes)
        for ours, numpys in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, numpys, rtol=tolerance, atol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_NAME)
def test_no_order_of_the_threads_changes_a_bit(name, monkeypatch):
    case, bits = BY_NAME[name], set()
    for order in (*ORDERS, 7):
        monkeypatch.setattr(_launch, "order", order)
        bits.add(tuple(a.tobytes() for a in results(case, 5, "float32", "cuda")))
    assert len(bits) == 1
