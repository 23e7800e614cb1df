"""Columns of b copied into the order in which the tile reads them. Transposes happen only here.

In a panel, what one step of the inner dimension needs lies side by side, and after it what the next
step needs.
"""

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from microgpt.backends.numba_cpu.jit.compile import FLAGS
from microgpt.backends.numba_cpu.matmul.llvm_simd import (
    INDEX,
    LANES,
    POINTER,
    WIDTH,
    below,
    lanes,
    load,
    number,
    own_function,
    store,
)
from microgpt.backends.numba_cpu.matmul.strided_matrix import ADDRESS, part

DEPTH = 256  # rows of a panel
PANEL = DEPTH * WIDTH  # numbers; DEPTH is a multiple of LANES, so that whole vectors fit


@intrinsic
def turn(typing_context, target, source, down, rows, columns):
    """target[k · WIDTH + i] = source[i · down + k]: LANES × LANES numbers, transposed."""

    def codegen(context, builder, signature, arguments):
        kinds = [POINTER, POINTER, INDEX, INDEX, INDEX]
        function, empty = own_function(builder.module, "microgpt_turn", kinds)
        if empty:
            _fill(function)
        builder.call(function, arguments)
        return context.get_dummy_value()

    n = types.intp
    return types.void(ADDRESS, ADDRESS, n, n, n), codegen


def _fill(function):
    """Blocks of 1, 2, 4, … lanes change places with their mirror image across the diagonal."""
    target, source, down, rows, columns = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    mask, last = below(builder, columns), builder.sub(rows, number(1))
    vectors = []
    for i in range(LANES):
        # Of rows that are not there, the last one is read, and what comes of it never used.
        row = builder.select(builder.icmp_signed("<", last, number(i)), last, number(i))
        vectors.append(load(builder, builder.gep(source, [builder.mul(row, down)]), mask))
    block = 1
    while block < LANES:
        upper = [lane if not lane & block else LANES + lane - block for lane in range(LANES)]
        lower = [lane + block if not lane & block else LANES + lane for lane in range(LANES)]
        for i in range(LANES):
            if not i & block:
                pair = vectors[i], vectors[i + block]
                vectors[i] = builder.shuffle_vector(*pair, lanes(upper))
                vectors[i + block] = builder.shuffle_vector(*pair, lanes(lower))
        block *= 2
    for k in range(LANES):
        store(builder, vectors[k], builder.gep(target, [number(k * WIDTH)]))
    builder.ret_void()


@intrinsic
def copy(typing_context, target, source, count):
    """target[:LANES] = source[:count], and zeros."""

    def codegen(context, builder, signature, arguments):
        target, source, count = arguments
        store(builder, load(builder, source, below(builder, count)), target)
        return context.get_dummy_value()

    return types.void(ADDRESS, ADDRESS, types.intp), codegen


@njit(**FLAGS)
def pack(panel, b, depth, columns):
    """panel[k, j] = b[k, j] for k < depth and j < columns."""
    for j in range(0, columns, LANES):
        count = min(LANES, columns - j)
        if b.down == 1:
            for k in range(0, depth, LANES):
                turn(part(panel, k, j).place, part(b, k, j).place, b.along, count, depth - k)
        else:  # b.along is 1
            for k in range(depth):
                copy(part(panel, k, j).place, part(b, k, j).place, count)
