"""`tanh`, `log`, GELU and its derivative, as vector loops can run them.

The C library's tanh and log take one number at a time. In float32 these are the polynomials of
Moshier's Cephes library; float64 keeps the C library's digits.
"""

import math
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import overload

from microgpt.backends.numba_cpu.jit.compile import HELPER, PRECISE
from microgpt.backends.numba_cpu.simd.intrinsics import POLYNOMIAL, exp
from microgpt.backends.shared_rules import CUBE, ROOT


def tanh(x):
    """The hyperbolic tangent; relative error below 3e-7 in float32."""
    raise NotImplementedError("tanh is for compiled kernels")


def log(x):
    """The natural logarithm; relative error below 2e-7 in float32."""
    raise NotImplementedError("log is for compiled kernels")


@overload(tanh, jit_options=POLYNOMIAL)
def _tanh(x):
    return _tanh32 if x == types.float32 else lambda x: math.tanh(x)


@overload(log, jit_options=POLYNOMIAL)
def _log(x):
    return _log32 if x == types.float32 else lambda x: math.log(x)


def _tanh32(x):
    """A polynomial where 1 − 2 / (exp(2x) + 1) would lose digits, near 0."""
    f = np.float32
    magnitude = abs(x)
    far = f(1) - f(2) / (exp(magnitude + magnitude) + f(1))  # exp may overflow: 1 − 2 / ∞ = 1
    square = x * x
    p = f(-5.70498872745e-3)
    p = p * square + f(2.06390887954e-2)
    p = p * square + f(-5.37397155531e-2)
    p = p * square + f(1.33314422036e-1)
    p = p * square + f(-3.33332819422e-1)
    near = p * square * x + x
    signed = -far if x < f(0) else far
    return near if magnitude < f(0.625) else signed


def _log32(x):
    """log(x) = n · ln 2 + log(1 + r): the exponent's bits, and a polynomial for the rest."""
    f, i = np.float32, np.int32
    subnormal = x < f(1.17549435e-38)  # their leading bit is not stored
    scale = f(8388608) if subnormal else f(1)
    bits = np.float32(x * scale).view(np.int32) - i(0x3F3504F3)  # of √½
    n = f(bits >> i(23)) - (f(23) if subnormal else f(0))
    r = np.int32((bits & i(0x007FFFFF)) + i(0x3F3504F3)).view(np.float32) - f(1)
    square = r * r
    p = f(7.0376836292e-2)
    p = p * r + f(-1.1514610310e-1)
    p = p * r + f(1.1676998740e-1)
    p = p * r + f(-1.2420140846e-1)
    p = p * r + f(1.4249322787e-1)
    p = p * r + f(-1.6668057665e-1)
    p = p * r + f(2.0000714765e-1)
    p = p * r + f(-2.4999993993e-1)
    p = p * r + f(3.3333331174e-1)
    y = p * r * square + n * f(-2.12194440e-4) - f(0.5) * square
    y = r + y + n * f(0.693359375)  # ln 2 in two parts, to lose no digits
    y = f(-np.inf) if x == f(0) else y
    y = x if x == f(np.inf) else y
    return y if x >= f(0) else f(np.nan)


_PRECISE: Any = HELPER | PRECISE


@numba.njit(**_PRECISE)
def gelu(x, f):
    """gelu(x), with the tanh written as one exponential: x / (1 + exp(−2u))."""
    u = f(ROOT) * (x + f(CUBE) * x * x * x)
    return x / (f(1) + exp(f(-2) * u))


@numba.njit(**_PRECISE)
def gelu_grad(x, f):
    """The derivative of gelu at x: s + x · s · (1 − s) · 2u', with s = 1 / (1 + exp(−2u))."""
    u = f(ROOT) * (x + f(CUBE) * x * x * x)
    e = exp(f(-2) * abs(u))  # never overflows
    inv = f(1) / (f(1) + e)
    s = inv if u >= f(0) else e * inv
    return s + x * e * inv * inv * f(2 * ROOT) * (f(1) + f(3 * CUBE) * x * x)
