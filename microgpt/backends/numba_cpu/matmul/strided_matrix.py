"""Matrices as a pointer and two strides: a block or a transpose of one is another such triple.

As Numba arrays, each layout of each operand would be compiled anew.
"""

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from microgpt.backends.numba_cpu.matmul.llvm_simd import FLOAT, POINTER, index

FLOAT_POINTER = types.CPointer(types.float32)


class StridedMatrix(NamedTuple):
    """Element (i, j) is at pointer + i · row_stride + j · col_stride."""

    pointer: Any
    row_stride: int
    col_stride: int


MATRIX = types.NamedTuple((FLOAT_POINTER, types.intp, types.intp), StridedMatrix)


@intrinsic
def strided_matrix(typing_context, pointer, row_stride, col_stride):
    """A matrix from its three parts."""

    def codegen(context, builder, signature, arguments):
        return context.make_tuple(builder, MATRIX, arguments)

    return MATRIX(FLOAT_POINTER, types.intp, types.intp), codegen


@intrinsic
def transpose(typing_context, m):
    """The transpose: the same pointer, the strides exchanged."""

    def codegen(context, builder, signature, arguments):
        pointer, row_stride, col_stride = cgutils.unpack_tuple(builder, arguments[0])
        return context.make_tuple(builder, MATRIX, [pointer, col_stride, row_stride])

    return MATRIX(MATRIX), codegen


@intrinsic
def submatrix(typing_context, m, i, j):
    """m[i:, j:]; of a null matrix, a null matrix."""

    def codegen(context, builder, signature, arguments):
        m, i, j = arguments
        pointer, row_stride, col_stride = cgutils.unpack_tuple(builder, m)
        offset = builder.add(builder.mul(i, row_stride), builder.mul(j, col_stride))
        pointer = builder.gep(pointer, [offset])
        return context.make_tuple(builder, MATRIX, [pointer, row_stride, col_stride])

    return MATRIX(MATRIX, types.intp, types.intp), codegen


@intrinsic
def null_matrix(typing_context):
    """What stands for an absent matrix."""

    def codegen(context, builder, signature, arguments):
        return context.make_tuple(builder, MATRIX, [POINTER(None), index(0), index(0)])

    return MATRIX(), codegen


@intrinsic
def data_pointer(typing_context, array):
    """The pointer to a float32 array's first number."""

    def codegen(context, builder, signature, arguments):
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return FLOAT_POINTER(array), codegen


@intrinsic(prefer_literal=True)
def stack_alloc(typing_context, count):
    """A pointer to `count` numbers on the stack, for as long as the function runs."""
    size = count.literal_value

    def codegen(context, builder, signature, arguments):
        # Not Numba's own way, which writes zeros into it at every call.
        with builder.goto_entry_block():
            memory = builder.alloca(ir.ArrayType(FLOAT, size))
        memory.align = 64
        return builder.bitcast(memory, POINTER)

    return FLOAT_POINTER(count), codegen  # a literal: each count has its own code
