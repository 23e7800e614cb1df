"""Matrices as addresses and strides: a block or a transpose of one is another such triple.

As Numba arrays, each layout of each operand would be compiled anew.
"""

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from microgpt.backends.numba_cpu.matmul.llvm_simd import FLOAT, POINTER, number

ADDRESS = types.CPointer(types.float32)


class Matrix(NamedTuple):
    """Where a matrix begins; how many numbers on its next row is, and its next column."""

    place: Any
    down: int
    along: int


MATRIX = types.NamedTuple((ADDRESS, types.intp, types.intp), Matrix)


@intrinsic
def matrix(typing_context, place, down, along):
    """A matrix from its three parts."""

    def codegen(context, builder, signature, arguments):
        return context.make_tuple(builder, MATRIX, arguments)

    return MATRIX(ADDRESS, types.intp, types.intp), codegen


@intrinsic
def turned(typing_context, m):
    """The transpose."""

    def codegen(context, builder, signature, arguments):
        place, down, along = cgutils.unpack_tuple(builder, arguments[0])
        return context.make_tuple(builder, MATRIX, [place, along, down])

    return MATRIX(MATRIX), codegen


@intrinsic
def part(typing_context, m, i, j):
    """The matrix that begins at row i and column j; of an absent one, an absent one."""

    def codegen(context, builder, signature, arguments):
        m, i, j = arguments
        place, down, along = cgutils.unpack_tuple(builder, m)
        offset = builder.add(builder.mul(i, down), builder.mul(j, along))
        return context.make_tuple(builder, MATRIX, [builder.gep(place, [offset]), down, along])

    return MATRIX(MATRIX, types.intp, types.intp), codegen


@intrinsic
def absent(typing_context):
    """No matrix."""

    def codegen(context, builder, signature, arguments):
        return context.make_tuple(builder, MATRIX, [POINTER(None), number(0), number(0)])

    return MATRIX(), codegen


@intrinsic
def address(typing_context, array):
    """Where a float32 array begins."""

    def codegen(context, builder, signature, arguments):
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return ADDRESS(array), codegen


@intrinsic(prefer_literal=True)
def scratch(typing_context, count):
    """The address of so many numbers on the stack, for as long as the function runs."""
    size = count.literal_value

    def codegen(context, builder, signature, arguments):
        # Not Numba's own way, which writes zeros into it at every call.
        with builder.goto_entry_block():
            memory = builder.alloca(ir.ArrayType(FLOAT, size))
        memory.align = 64
        return builder.bitcast(memory, POINTER)

    return ADDRESS(types.intp), codegen
