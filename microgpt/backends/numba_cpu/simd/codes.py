"""Weights kept as codes, widened to float32 in registers: `widen` one, `load_widened` LANES.

int8 codes become the float of their value, uint16 codes the float32 whose upper half they are. Two
instructions each: for int8 to 32 bits with sign (vpmovsxbd) and to floats (vcvtdq2ps), for uint16
to 32 bits (vpmovzxwd) and a shift (vpslld).
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload

from microgpt.backends.numba_cpu.jit.compile import FLAGS
from microgpt.backends.numba_cpu.simd.vector import LANES, Vector

HALF = 16  # bits of a float32 below its upper half

_I8, _I32, _FLOAT = ir.IntType(8), ir.IntType(32), ir.FloatType()
_CODES = (types.int8, types.uint16)
_JIT_OPTIONS: Any = FLAGS


def widen(code):
    """The float32 that a code stands for, before it is scaled."""
    raise NotImplementedError("widen is for compiled kernels")


@overload(widen, jit_options=_JIT_OPTIONS)
def _widen(code):
    if code == types.uint16:
        return lambda code: np.uint32(np.uint32(code) << np.uint32(HALF)).view(np.float32)
    return lambda code: np.float32(code)


@intrinsic
def load_widened(typing_context, codes, offset):
    """codes[offset : offset + LANES], counted in a C-contiguous array, as float32 numbers."""
    if codes.layout != "C" or codes.dtype not in _CODES:
        raise TypingError(f"codes are C-contiguous, int8 or uint16; got {codes}")

    def codegen(context, builder, signature, arguments):
        pointer = _element(context, builder, signature, arguments)
        code_type = pointer.type.pointee
        pointer = builder.bitcast(pointer, ir.VectorType(code_type, LANES).as_pointer())
        vector = builder.load(pointer, align=code_type.width // 8)
        integers, floats = ir.VectorType(_I32, LANES), ir.VectorType(_FLOAT, LANES)
        if signature.args[0].dtype == types.int8:
            return builder.sitofp(builder.sext(vector, integers), floats)
        upper = builder.shl(builder.zext(vector, integers), ir.Constant(integers, [HALF] * LANES))
        return builder.bitcast(upper, floats)

    return Vector(types.float32)(codes, types.intp), codegen


@intrinsic
def prefetch(typing_context, array, offset):
    """Ask for the cache line of array[offset]; beyond the array's end, nothing happens."""

    def codegen(context, builder, signature, arguments):
        pointer = builder.bitcast(
            _element(context, builder, signature, arguments), _I8.as_pointer()
        )
        operands = [pointer, _I32(0), _I32(3), _I32(1)]  # to read, into all caches, numbers
        _call(builder, "llvm.prefetch.p0", ir.VoidType(), operands)
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


@intrinsic
def sum_lanes(typing_context, vector):
    """The sum of a vector's lanes: of halves, then of their halves."""

    def codegen(context, builder, signature, arguments):
        x = arguments[0]
        name = f"llvm.vector.reduce.fadd.v{LANES}f32"
        start = _FLOAT(-0.0)
        return _call(builder, name, _FLOAT, [start, x], fastmath=("reassoc",))

    if vector.dtype != types.float32:
        raise TypingError(f"sum_lanes takes float32; got {vector}")
    return types.float32(vector), codegen


def _element(context, builder, signature, arguments):
    """A pointer to array[offset]."""
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    return builder.gep(data, [arguments[1]])


def _call(builder, name, return_type, operands, fastmath=()):
    """Call one of LLVM's own functions."""
    function = builder.module.globals.get(name) or ir.Function(
        builder.module, ir.FunctionType(return_type, [x.type for x in operands]), name
    )
    return builder.call(function, operands, fastmath=fastmath)
