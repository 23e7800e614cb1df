"""What the interpreter refuses as a compiler for GPUs would: arrays as numbers, unknown shapes."""

import math

import numpy as np
import pytest

from microgpt.errors import KernelError
from microgpt.interpreter import cuda, float32, run

WIDTH = 4
BOTH = (2, WIDTH)


def run_on(kernel, x):
    """Run a kernel of one thread on x, and return its output."""
    out = np.zeros(4, np.float32)
    run(kernel, 1, 1, out, x)
    return out


def adds(out, x):
    out[0] = x + x


def scales(out, x):
    out[0] = float32(2) * x


def subtracts_from_one(out, x):
    out[0] = 1 - x


def compares(out, x):
    if x > 0:
        out[0] = 1


def asks_for_truth(out, x):
    if x:
        out[0] = 1


def sums_with_python(out, x):
    out[0] = sum(x)


def sums_with_numpy(out, x):
    out[0] = np.sum(x)


def takes_exponentials(out, x):
    out[0] = np.exp(x)


def takes_one_exponential(out, x):
    out[0] = math.exp(x)


def adds_to_it(out, x):
    x += 1


def writes_it(out, x):
    out[0] = x


@pytest.mark.parametrize(
    "kernel",
    [
        adds, scales, subtracts_from_one, compares, asks_for_truth, sums_with_python,
        sums_with_numpy, takes_exponentials, takes_one_exponential, adds_to_it, writes_it,
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 3])
def test_an_array_in_place_of_a_number_is_refused(kernel, size):
    with pytest.raises(KernelError) as raised:
        run_on(kernel, np.ones(size, np.float32))
    assert str(raised.value).partition(": ")[2] == (
        f"a kernel computes with single numbers, and x is an array of shape ({size},); index its "
        "elements, such as x[i]"
    )


def test_a_row_in_place_of_a_number_is_refused():
    def doubles_a_row(out, x):
        out[0] = float32(2) * x[1]

    with pytest.raises(KernelError, match=r"a row of x is an array of shape \(5,\).* x\[i, j\]"):
        run_on(doubles_a_row, np.ones((2, 5), np.float32))


@pytest.mark.parametrize("name", ["max", "sum", "T", "copy"])
def test_a_method_of_an_array_is_refused(name):
    def asks(out, x):
        getattr(x, name)

    with pytest.raises(KernelError, match=f"a kernel has no x.{name}; loop over the elements"):
        run_on(asks, np.ones(3, np.float32))


def sized_by_the_block(out, x):
    cuda.shared.array(cuda.blockDim.x, float32)


def sized_by_a_name(out, x):
    n = cuda.blockDim.x // 2
    cuda.shared.array(shape=(n, 8), dtype=float32)


def sized_by_an_array(out, x):
    cuda.local.array((2, x.shape[0]), float32)


def sized_by_a_loop(out, x):
    for n in range(1, 3):
        cuda.local.array(n, float32)


def sized_by_a_number_that_changes(out, x):
    n = 4
    n += 1
    cuda.shared.array(n, float32)


@pytest.mark.parametrize(
    ("kernel", "memory", "shape"),
    [
        (sized_by_the_block, "shared", "cuda.blockDim.x"),
        (sized_by_a_name, "shared", "(n, 8)"),
        (sized_by_an_array, "local", "(2, x.shape[0])"),
        (sized_by_a_loop, "local", "n"),
        (sized_by_a_number_that_changes, "shared", "n"),
    ],
)
def test_a_shape_that_is_no_constant_is_refused(kernel, memory, shape):
    with pytest.raises(KernelError) as raised:
        run_on(kernel, np.ones(3, np.float32))
    line = kernel.__code__.co_firstlineno
    number, _, text = str(raised.value).removeprefix("line ").partition(": ")
    assert line < int(number) <= line + 3
    assert text == (
        f"the shape of a {memory} array must be a constant, which a compiler knows before the "
        f"launch; got {shape}; write a number, such as 64"
    )


def test_constant_shapes_are_taken():
    rows = 3

    def takes_constants(out, x):
        n, m = 4, 2 * WIDTH
        a = cuda.shared.array((rows, WIDTH), float32)
        b = cuda.local.array((n, m + 1), float32)
        c = cuda.shared.array(BOTH, float32)
        a[2, 3] = x[0]
        b[3, 8] = a[2, 3]
        c[1, 3] = b[3, 8]
        out[0] = c[1, 3]

    assert run_on(takes_constants, np.full(1, 7, np.float32))[0] == 7
