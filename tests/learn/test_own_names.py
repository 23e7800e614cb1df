"""The names of a learner's kernel in a cause, where there are such."""

import pytest

from microgpt.interpreter import cuda, float32
from microgpt.interpreter.kernel_source import parse_kernel
from microgpt.learn.own_names import in_own_words


def with_other_names(out, x):
    shared, second = cuda.shared.array(64, float32), cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    tid = cuda.threadIdx.x
    count = 0
    while count < 3:
        count += 1
    stride = cuda.blockDim.x
    while stride > 1:
        stride >>= 1
        shared[t] = second[tid] = x[i]


def with_rows_first(out, x):
    i, j = cuda.grid(2)
    out[i, j] = x[i, j]


def with_no_names(out, x):
    out[cuda.threadIdx.x] = x[cuda.threadIdx.x]


@pytest.mark.parametrize(
    ("kernel", "cause", "own"),
    [
        (with_other_names, "`part[me] += part[me + half]`", "`shared[t] += shared[t + stride]`"),
        (with_other_names, "`x[n]`, half of a part: me `me`.", "`x[i]`, half of a part: me `t`."),
        (with_other_names, "`partly` and `cuda.grid(2)`", "`partly` and `cuda.grid(2)`"),
        (with_rows_first, "Write `column, row = cuda.grid(2)`.", "Write `j, i = cuda.grid(2)`."),
        (with_rows_first, "out[`row`, `column`]", "out[`row`, `column`]"),
        (with_no_names, "`part[me]`, `column, row = cuda.grid(2)`", None),
    ],
)
def test_code_between_backticks_has_the_kernels_names(kernel, cause, own):
    assert in_own_words(cause, parse_kernel(kernel)) == (own or cause)
