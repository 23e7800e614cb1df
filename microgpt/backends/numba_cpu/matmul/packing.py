"""Columns of b packed into the order in which the micro-kernel reads them, transposed on the way.

In a panel (KC, NR), what one step of the inner dimension needs lies side by side, and after it what
the next step needs.
"""

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from microgpt.backends.numba_cpu.jit.compile import HELPER
from microgpt.backends.numba_cpu.matmul.llvm_simd import (
    INDEX,
    LANES,
    NR,
    POINTER,
    count_mask,
    declare_once,
    index,
    lane_constants,
    load,
    store,
)
from microgpt.backends.numba_cpu.matmul.strided_matrix import FLOAT_POINTER, submatrix

KC = 256  # rows of a panel, a multiple of LANES, so that whole vectors fit
PANEL_SIZE = KC * NR  # numbers


@njit(**HELPER)
def pack_panel(panel, b, depth, columns):
    """panel[k, j] = b[k, j] for k < depth and j < columns."""
    for j in range(0, columns, LANES):
        count = min(LANES, columns - j)
        if b.row_stride == 1:
            for k in range(0, depth, LANES):
                to, source = submatrix(panel, k, j).pointer, submatrix(b, k, j).pointer
                transpose_block(to, source, b.col_stride, count, depth - k)
        else:  # b.col_stride is 1
            for k in range(depth):
                copy_vector(submatrix(panel, k, j).pointer, submatrix(b, k, j).pointer, count)


@intrinsic
def copy_vector(typing_context, out, source, count):
    """out[:LANES] = source[:count], then zeros."""

    def codegen(context, builder, signature, arguments):
        out, source, count = arguments
        store(builder, load(builder, source, count_mask(builder, count)), out)
        return context.get_dummy_value()

    return types.void(FLOAT_POINTER, FLOAT_POINTER, types.intp), codegen


@intrinsic
def transpose_block(typing_context, out, source, row_stride, rows, columns):
    """out[k · NR + i] = source[i · row_stride + k]: LANES × LANES numbers, transposed."""

    def codegen(context, builder, signature, arguments):
        argument_types = [POINTER, POINTER, INDEX, INDEX, INDEX]
        function, empty = declare_once(builder.module, "microgpt_transpose", argument_types)
        if empty:
            _write_transpose(function)
        builder.call(function, arguments)
        return context.get_dummy_value()

    n = types.intp
    return types.void(FLOAT_POINTER, FLOAT_POINTER, n, n, n), codegen


def _write_transpose(function):
    """Blocks of 1, 2, 4, … lanes are exchanged with their mirror image across the diagonal."""
    out, source, row_stride, rows, columns = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    mask, last = count_mask(builder, columns), builder.sub(rows, index(1))
    vectors = []
    for i in range(LANES):
        # Of rows that are not there, the last one is read, and what comes of it never used.
        row = builder.select(builder.icmp_signed("<", last, index(i)), last, index(i))
        vectors.append(load(builder, builder.gep(source, [builder.mul(row, row_stride)]), mask))
    block = 1
    while block < LANES:
        upper = [lane if not lane & block else LANES + lane - block for lane in range(LANES)]
        lower = [lane + block if not lane & block else LANES + lane for lane in range(LANES)]
        for i in range(LANES):
            if not i & block:
                pair = vectors[i], vectors[i + block]
                vectors[i] = builder.shuffle_vector(*pair, lane_constants(upper))
                vectors[i + block] = builder.shuffle_vector(*pair, lane_constants(lower))
        block *= 2
    for k in range(LANES):
        store(builder, vectors[k], builder.gep(out, [index(k * NR)]))
    builder.ret_void()
