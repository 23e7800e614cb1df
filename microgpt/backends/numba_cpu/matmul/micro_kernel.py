"""The micro-kernel: a tile of c that stays in registers while the inner dimension runs by.

The readable loops load five numbers for four products. Here MR rows of two vectors of c are held in
registers; a step loads two vectors of b and MR numbers of a, for MR · NR products:

    for k in range(depth):
        for i in range(MR):
            c[i, :] += a[i, k] * b[k, :]
"""

import itertools

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from microgpt.backends.numba_cpu.matmul.llvm_simd import (
    FLOAT,
    INDEX,
    LANES,
    MR,
    NR,
    POINTER,
    VECTOR,
    count_mask,
    index,
    load,
    multiply_add,
    prefetch,
    splat,
    store,
)
from microgpt.backends.numba_cpu.matmul.strided_matrix import MATRIX

LINE = 16  # numbers of a cache line
ALL_ROWS = range(1, MR + 1)
# The numbers of rows that have functions without masks, too: with AVX2 the small model's step is a
# little faster, and NEON has no masks, so that LLVM stores number by number.
UNMASKED_ROWS = ALL_ROWS if LANES < 16 else range(MR, MR + 1)

# The functions of tiles by name: rows, vectors, and whether with a mask for the columns.
TILES = {
    f"microgpt_tile_{rows}_{vectors}_{'masked' if masked else 'full'}": (rows, vectors, masked)
    for rows, vectors, masked in itertools.product(ALL_ROWS, (1, 2), (False, True))
    if masked or rows in UNMASKED_ROWS
}
_TILE_ARGUMENTS = [POINTER, INDEX, POINTER, INDEX, POINTER, POINTER, INDEX, INDEX, POINTER, INDEX,
                   INDEX, INDEX]  # fmt: skip


@intrinsic
def micro_kernel(typing_context, rows, columns, depth, c, c_in, bias, a, b):
    """c = c_in + bias + a · b, for at most MR rows and NR columns.

    b's columns lie side by side; c_in and bias may be null matrices. A function for each number of
    rows, one or two vectors wide, with a mask for its columns; without one where vectors are full.
    """

    def codegen(context, builder, signature, arguments):
        rows, columns, depth = arguments[:3]
        c, c_in, bias, a, b = (cgutils.unpack_tuple(builder, m) for m in arguments[3:])
        operands = [*c[:2], *c_in[:2], bias[0], *a, *b[:2], depth, columns]
        two_vectors = builder.icmp_signed(">", columns, index(LANES))
        width = builder.select(two_vectors, index(2 * LANES), index(LANES))
        masked = builder.icmp_signed("!=", columns, width)
        if UNMASKED_ROWS != ALL_ROWS:
            masked = builder.or_(masked, builder.icmp_signed("!=", rows, index(MR)))
        case = rows
        for bit in (two_vectors, masked):
            case = builder.or_(builder.shl(case, index(1)), builder.zext(bit, INDEX))
        done = builder.append_basic_block("done")
        switch = builder.switch(case, done)
        for name, (r, v, is_masked) in TILES.items():
            number = 4 * r + 2 * (v - 1) + is_masked
            block = builder.append_basic_block(f"case_{number}")
            switch.add_case(index(number), block)
            builder.position_at_end(block)
            builder.call(_declare_tile(builder.module, name), operands)
            builder.branch(done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    n, m = types.intp, MATRIX
    return types.void(n, n, n, m, m, m, m, m), codegen


@intrinsic
def define_tiles(typing_context):
    """Define the functions of all tiles beside the function that calls this.

    Products call them by name: they would be optimised once more in each library that has them.
    """

    def codegen(context, builder, signature, arguments):
        for name, shape in TILES.items():
            _write_tile(_declare_tile(builder.module, name), *shape)
        return context.get_dummy_value()

    return types.void(), codegen


def _declare_tile(module, name):
    function_type = ir.FunctionType(ir.VoidType(), _TILE_ARGUMENTS)
    function = cgutils.get_or_insert_function(module, function_type, name)
    function.attributes.add("nounwind")
    return function


def _write_tile(function, rows, vectors, masked):
    """The function for a tile of `rows` rows of `vectors` vectors."""
    (c, c_row_stride, c_in, c_in_row_stride, bias, a, a_row_stride, a_col_stride,
     b, b_row_stride, depth, columns) = function.args  # fmt: skip
    entry, loop, exit_ = (function.append_basic_block(at) for at in ("entry", "loop", "exit"))
    builder = ir.IRBuilder(entry)
    masks = [count_mask(builder, columns, v * LANES) if masked else None for v in range(vectors)]

    def vectors_at(pointer):
        pointers = [builder.gep(pointer, [index(v * LANES)]) for v in range(vectors)]
        return list(zip(pointers, masks, strict=True))

    def row_at(pointer, row_stride, i):
        return builder.gep(pointer, [builder.mul(row_stride, index(i))])

    def load_row(pointer):
        return [load(builder, *vector) for vector in vectors_at(pointer)]

    def or_zeros(pointer):
        missing = builder.icmp_unsigned("==", pointer, POINTER(None))
        return builder.select(missing, _zeros(builder), pointer)

    initial_sums = [VECTOR(None)] * (rows * vectors)
    for i, start in itertools.product(range(rows), range(0, vectors * LANES, LINE)):
        prefetch(builder, builder.gep(row_at(c, c_row_stride, i), [index(start)]))
    # Three rows of a share a pointer: to add one or two strides costs processors nothing.
    a_pointers = [row_at(a, a_row_stride, i) for i in range(0, rows, 3)]
    strides = [index(0), a_row_stride, builder.shl(a_row_stride, index(1))]
    builder.cbranch(builder.icmp_signed(">", depth, index(0)), loop, exit_)

    builder.position_at_end(loop)
    initial = [index(0), b, *a_pointers, *initial_sums]
    current = [builder.phi(value.type) for value in initial]
    for phi, value in zip(current, initial, strict=True):
        phi.add_incoming(value, entry)
    (k, b_now), a_now = current[:2], current[2 : 2 + len(a_pointers)]
    sums, b_row, next_sums = current[2 + len(a_pointers) :], load_row(b_now), []
    for i in range(rows):
        factor = splat(builder, builder.load(builder.gep(a_now[i // 3], [strides[i % 3]])))
        row_sums = zip(b_row, sums[i * vectors : (i + 1) * vectors], strict=True)
        next_sums += [multiply_add(builder, factor, x, total) for x, total in row_sums]
    next_pointers = [builder.add(k, index(1)), builder.gep(b_now, [b_row_stride])]
    next_pointers += [builder.gep(pointer, [a_col_stride]) for pointer in a_now]
    for phi, value in zip(current, next_pointers + next_sums, strict=True):
        phi.add_incoming(value, loop)
    builder.cbranch(builder.icmp_signed("<", next_pointers[0], depth), loop, exit_)

    builder.position_at_end(exit_)
    results = [builder.phi(VECTOR) for _ in initial_sums]
    for result, without_loop, after_loop in zip(results, initial_sums, next_sums, strict=True):
        result.add_incoming(without_loop, entry)
        result.add_incoming(after_loop, loop)
    bias_row, c_in = load_row(or_zeros(bias)), or_zeros(c_in)
    for i in range(rows):
        c_in_row = load_row(row_at(c_in, c_in_row_stride, i))
        addends = [builder.fadd(x, y) for x, y in zip(c_in_row, bias_row, strict=True)]
        for v, vector in enumerate(vectors_at(row_at(c, c_row_stride, i))):
            store(builder, builder.fadd(addends[v], results[i * vectors + v]), *vector)
    builder.ret_void()


def _zeros(builder):
    """The address of a row of zeros."""
    zeros = builder.module.globals.get("microgpt_zeros")
    if zeros is None:
        row_type = ir.ArrayType(FLOAT, NR)
        zeros = ir.GlobalVariable(builder.module, row_type, "microgpt_zeros")
        zeros.linkage, zeros.global_constant = "internal", True
        zeros.initializer = ir.Constant(row_type, None)
    return builder.bitcast(zeros, POINTER)
