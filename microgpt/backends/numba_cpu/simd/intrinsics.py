"""`exp`, `exp_weight` and `maximum` as Numba can vectorise them.

Numba's own `math.exp` calls the C library for each number (2.3 ns; this one 0.2 ns in a vector
loop), and its `max` is a branch. float64 keeps the C library's exp: exact runs need its digits.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload

from microgpt.backends.numba_cpu.jit.compile import HELPER, ORDERED

# Without "reassoc": it would add the two parts of ln 2 up again.
POLYNOMIAL: Any = HELPER | ORDERED


def _llvm_intrinsic(name: str):
    """Code for a call of an LLVM function from one or two floats of one type to that type."""

    def codegen(context, builder, signature, arguments):
        float_type = context.get_value_type(signature.return_type)
        function_type = ir.FunctionType(float_type, [float_type] * len(arguments))
        function = builder.module.declare_intrinsic(name, [float_type], function_type)
        return builder.call(function, arguments)

    return codegen


@intrinsic
def nearest(typing_context, x):
    """x rounded to the nearest integer, as a float."""
    return x(x), _llvm_intrinsic("llvm.rint")


@intrinsic
def maximum(typing_context, x, y):
    """The maximum of two floats of one type; of a number and NaN, the number."""
    if x != y or not isinstance(x, types.Float):
        raise TypingError(f"maximum takes two floats of one type; got {x} and {y}")
    return x(x, y), _llvm_intrinsic("llvm.maxnum")


def exp(x):
    """e to the x; in float32, relative error below 2e-7 from −87.3 to 88.3, then 0 and infinity."""
    raise NotImplementedError("exp is for compiled kernels")


@overload(exp, jit_options=POLYNOMIAL)
def _exp(x):
    return _exp32 if x == types.float32 else lambda x: math.exp(x)


def exp_weight(x):
    """e to the x for the weights of attention, x <= 0; in float32 0 from −69 on.

    Beside a weight of 1 / T, which there always is, one below 1e-30 is nothing. In backward its
    products would be subnormal, and slow (see `optim.py`).
    """
    raise NotImplementedError("exp_weight is for compiled kernels")


@overload(exp_weight, jit_options=POLYNOMIAL)
def _exp_weight(x):
    return _exp_weight32 if x == types.float32 else lambda x: math.exp(x)


def _exp_weight32(x):
    return np.float32(0) if x < np.float32(-69) else exp_polynomial(x)


def _exp32(x):
    f = np.float32
    y = f(0) if x < f(-87.33) else exp_polynomial(x)
    return f(np.inf) if x > f(88.3) else y


@njit(**POLYNOMIAL)
def exp_polynomial(x):
    """exp(x) = 2^n · exp(r): n an integer, |r| <= ln 2 / 2, and a polynomial for exp(r)."""
    f = np.float32
    n = nearest(x * f(1.44269504))
    r = x - n * f(0.693359375) - n * f(-2.12194440e-4)  # ln 2 in two parts, to lose no digits
    p = f(1.9875691500e-4)
    p = p * r + f(1.3981999507e-3)
    p = p * r + f(8.3334519073e-3)
    p = p * r + f(4.1665795894e-2)
    p = p * r + f(1.6666665459e-1)
    p = p * r + f(5.0000001201e-1)
    p = p * r * r + r + f(1.0)
    exponent = np.int32(n) + np.int32(127)
    return p * np.int32(exponent << np.int32(23)).view(np.float32)  # times 2^n, from its bits
