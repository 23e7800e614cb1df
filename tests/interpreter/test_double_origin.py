"""A float64 in a float32 array: the finding names the literal's line, the array or the argument."""

import inspect
import math

import numpy as np
import pytest

from microgpt.interpreter import cuda, float32, run

X = np.arange(8, dtype=np.float32)


def starts_with_a_literal(out, x):
    n = cuda.grid(1)
    total = 0.0
    total += x[n]
    out[n] = total


def has_its_literal_two_names_before(out, x):
    n, scale = cuda.grid(1), 0.25
    scaled = x[n] * scale
    y = max(scaled, scaled)
    out[n] = y


def begins_at_infinity(out, x):
    largest = -math.inf
    for k in range(x.shape[0]):
        largest = min(largest, largest + x[k])
    out[cuda.grid(1)] = largest


def copies(out, x):
    part = cuda.shared.array(8, float32)
    me = cuda.threadIdx.x
    part[me] = x[me]
    out[me] = part[me]


def shares_doubles(out, x):
    part = cuda.shared.array(8, np.float64)
    me = cuda.threadIdx.x
    part[me] = x[me]
    out[me] = part[me]


def scales(out, x, factor):
    n = cuda.grid(1)
    out[n] = x[n] * factor


def divides_integers(out, x):
    n = cuda.grid(1)
    out[n] = n / 2


def half_of(number):
    return number * 0.5


def calls(out, x):
    n = cuda.grid(1)
    out[n] = half_of(x[n])


def converts(out, x):
    n, unused = cuda.grid(1), 0.5
    if x[n] > 0.5:
        out[n] = float32(0.5) * x[n] + float32(-math.inf)
    else:
        out[n] = x[n] if unused > 0.25 else math.exp(x[n])


def finding_of(kernel, *inputs):
    (finding,) = run(kernel, 1, 8, np.zeros(8, np.float32), *inputs).findings
    assert (finding.type, finding.times) == ("double", 8)
    return finding


def line_of(kernel, text):
    lines, first = inspect.getsourcelines(kernel)
    return first + next(number for number, line in enumerate(lines) if text in line)


@pytest.mark.parametrize(
    ("kernel", "literal", "written"),
    [
        (starts_with_a_literal, "0.0", "out[n] ="),
        (has_its_literal_two_names_before, "0.25", "out[n] ="),
        (begins_at_infinity, "math.inf", "out["),
    ],
)
def test_the_line_of_the_literal_is_named(kernel, literal, written):
    finding = finding_of(kernel, X)
    assert finding.line == line_of(kernel, written)
    line = line_of(kernel, literal)
    assert finding.origin == f"`{literal}` in line {line} is a float64; write `float32({literal})`"
    assert finding.text.endswith(f"writes a float64 to out[0]: {finding.origin}")


@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_an_array_of_doubles_is_named_and_no_literal(dtype):
    if dtype == "int64":

        def adds(out, x):
            n = cuda.grid(1)
            out[n] = x[n] * float32(2)

        origin = finding_of(adds, X.astype(dtype)).origin
    else:
        origin = finding_of(copies, X.astype(dtype)).origin
    assert origin == f"the array x is {dtype}; give the kernel one of float32"


def test_a_shared_array_of_doubles_is_named():
    assert finding_of(shares_doubles, X).origin == (
        "the array part is float64; make it `cuda.shared.array(…, float32)`"
    )


@pytest.mark.parametrize("factor", [2.0, np.float64(2)])
def test_an_argument_is_named(factor):
    assert finding_of(scales, X, factor).origin == (
        "the argument factor is a float64; write `float32(factor)`"
    )


def test_a_quotient_of_integers_is_named():
    line = line_of(divides_integers, "n / 2")
    assert finding_of(divides_integers, X).origin == (
        f"`n / 2` in line {line} is a float64 if both are integers; write `float32(n) / float32(2)`"
    )


def test_what_comes_from_elsewhere_is_told_without_a_guess():
    assert finding_of(calls, X).origin == (
        "a literal, an argument or a function that it calls is one; begin with "
        "`f = out.dtype.type` and write `f(0.5)` for 0.5"
    )


def test_what_is_converted_or_only_compared_makes_no_double():
    assert run(converts, 1, 8, np.zeros(8, np.float32), X).findings == ()
