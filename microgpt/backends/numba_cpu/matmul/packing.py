"""Columns of b copied into the order in which the tile reads them. Transposes happen only here.

In a panel, what one step of the inner dimension needs lies side by side, and after it what the next
step needs.
"""

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from microgpt.backends.numba_cpu._compile import FLAGS
from microgpt.backends.numba_cpu.matmul.matrix import ADDRESS, part
from microgpt.backends.numba_cpu.matmul.vectors import (
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

# Whole vectors are written: up to so many numbers after a panel's end.
SLACK = LANES * WIDTH


@intrinsic
def turn(typing_context, target, width, source, down, rows, columns):
    """target[k · width + i] = source[i · down + k]: LANES × LANES numbers, transposed."""

    def codegen(context, builder, signature, arguments):
        kinds = [POINTER, INDEX, POINTER, INDEX, INDEX, INDEX]
        function, empty = own_function(builder.module, "microgpt_turn", kinds)
        if empty:
            _fill(function)
        builder.call(function, arguments)
        return context.get_dummy_value()

    n = types.intp
    return types.void(ADDRESS, n, ADDRESS, n, n, n), codegen


def _fill(function):
    """Blocks of 1, 2, 4, … lanes change places with their mirror image across the diagonal."""
    target, width, source, down, rows, columns = function.args
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
        store(builder, vectors[k], builder.gep(target, [builder.mul(width, number(k))]))
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
def pack(panel, m, rows, depth):
    """panel[i, k] = m[i, k] for i < rows and k < depth; the panel's rows lie side by side."""
    for i in range(0, rows, LANES):
        count = min(LANES, rows - i)
        for k in range(0, depth, LANES if m.along == 1 else 1):
            place, source = part(panel, i, k).place, part(m, i, k).place
            if m.along == 1:
                turn(place, panel.along, source, m.down, count, depth - k)
            else:  # m.down is 1
                copy(place, source, count)
