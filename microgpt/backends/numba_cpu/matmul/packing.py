"""Operands packed into the order in which the micro-kernel reads them.

In a panel, what one step of the inner dimension needs lies side by side, and after it what the next
step needs: NR numbers of b, transposed on the way if b is, or MR numbers of a transposed a.
"""

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from microgpt.backends.numba_cpu.jit.compile import HELPER
from microgpt.backends.numba_cpu.matmul.llvm_simd import (
    INDEX,
    LANES,
    MR,
    NR,
    POINTER,
    count_mask,
    declare_once,
    index,
    lane_constants,
    load,
    store,
)
from microgpt.backends.numba_cpu.matmul.strided_matrix import (
    FLOAT_POINTER,
    MATRIX,
    strided_matrix,
    submatrix,
    transpose,
)
from microgpt.backends.numba_cpu.simd.caches import cache_sizes

_CACHES, _FLOAT_BYTES = cache_sizes(), 4
# Steps of the inner dimension in a panel, so that the first cache holds one of b; whole vectors.
KC = min(256, _CACHES.level1 // (_FLOAT_BYTES * NR)) // LANES * LANES
# Rows that are multiplied together, so that a's panels take half of the second cache.
MAX_ROWS = max(64, min(256, _CACHES.level2 // (2 * _FLOAT_BYTES * KC)))
# Columns that are multiplied together where the inner dimension has several panels, so that rows of
# so many, which each panel reads and writes again, take a quarter of the second cache; of
# one below 1 MiB, up to a half.
MAX_COLUMNS = max(256, _CACHES.level2 // (4 * _FLOAT_BYTES * MAX_ROWS))
STRIP = 4 * NR  # columns of b that are packed together

# A panel begins where another set of a cache does; at the end of one, whole vectors are written.
_PADDING = 16
A_PANEL_SIZE, B_PANEL_SIZE = (KC * side + _PADDING for side in (MR, NR))  # numbers
A_PANELS_SIZE = (MAX_ROWS // MR + 2) * A_PANEL_SIZE
B_PANELS_SIZE = STRIP // NR * B_PANEL_SIZE
# Rows that are copied into all panels before the next ones, so that their lines stay in the cache.
_GROUP = 16


@njit(**HELPER)
def pack_columns(panels, b, depth, columns):
    """panels[j // NR, k, j % NR] = b[k, j] for k < depth and j < columns."""
    if b.row_stride == 1:
        for j in range(0, columns, LANES):
            panel, count = _b_panel(panels, j), min(LANES, columns - j)
            for k in range(0, depth, LANES):
                to, source = submatrix(panel, k, 0).pointer, submatrix(b, k, j).pointer
                transpose_block(to, NR, source, b.col_stride, count, depth - k)
    else:  # b.col_stride is 1
        for k in range(0, depth, _GROUP):
            group = min(_GROUP, depth - k)
            for j in range(0, columns, LANES):
                to, source = submatrix(_b_panel(panels, j), k, 0), submatrix(b, k, j)
                copy_vectors(to, source, group, min(LANES, columns - j))


@njit(**HELPER)
def _b_panel(panels, j):
    """The panel of b's column j, from that column on."""
    return strided_matrix(submatrix(panels, j // NR, j % NR).pointer, NR, 1)


@njit(**HELPER)
def pack_rows(panels, a, rows, depth):
    """panels[i // MR, k, i % MR] = a[i, k] for i < rows and k < depth.

    Whole vectors are copied, so that each ends in what is copied after it.
    """
    if a.col_stride == 1:
        for i in range(0, rows, MR):
            for k in range(0, depth, LANES):
                for r in range(0, min(MR, rows - i), LANES):
                    to, source = submatrix(panels, i // MR, k * MR + r), submatrix(a, i + r, k)
                    height = min(MR, rows - i) - r
                    transpose_block(to.pointer, MR, source.pointer, a.row_stride, height, depth - k)
        return
    for k in range(0, depth, _GROUP):
        group = min(_GROUP, depth - k)
        for i in range(0, rows, MR):
            panel = strided_matrix(submatrix(panels, i // MR, 0).pointer, MR, 1)
            for r in range(0, MR, LANES):
                source = transpose(submatrix(a, i + r, k))
                copy_vectors(submatrix(panel, k, r), source, group, min(LANES, rows - i - r))


@intrinsic
def copy_vectors(typing_context, out, source, rows, count):
    """out[k, :LANES] = source[k, :count], then zeros, for k < rows, one after the other."""

    def codegen(context, builder, signature, arguments):
        out, source, rows, count = arguments
        out, source = (cgutils.unpack_tuple(builder, m) for m in (out, source))
        argument_types = [POINTER, INDEX, POINTER, INDEX, INDEX, INDEX]
        for masked, condition in ((False, ">="), (True, "<")):
            with builder.if_then(builder.icmp_signed(condition, count, index(LANES))):
                name = f"microgpt_copy_{'masked' if masked else 'full'}"
                function, empty = declare_once(builder.module, name, argument_types)
                if empty:
                    _write_copy(function, masked)
                builder.call(function, [*out[:2], *source[:2], rows, count])
        return context.get_dummy_value()

    n = types.intp
    return types.void(MATRIX, MATRIX, n, n), codegen


def _write_copy(function, masked):
    out, out_stride, source, source_stride, rows, count = function.args
    entry, loop, exit_ = (function.append_basic_block(at) for at in ("entry", "loop", "exit"))
    builder = ir.IRBuilder(entry)
    mask = count_mask(builder, count) if masked else None
    builder.cbranch(builder.icmp_signed(">", rows, index(0)), loop, exit_)
    builder.position_at_end(loop)
    initial = [index(0), out, source]
    current = [builder.phi(value.type) for value in initial]
    k, to, source_row = current
    store(builder, load(builder, source_row, mask), to)
    following = [
        builder.add(k, index(1)),
        builder.gep(to, [out_stride]),
        builder.gep(source_row, [source_stride]),
    ]
    for phi, first, next_value in zip(current, initial, following, strict=True):
        phi.add_incoming(first, entry)
        phi.add_incoming(next_value, loop)
    builder.cbranch(builder.icmp_signed("<", following[0], rows), loop, exit_)
    builder.position_at_end(exit_)
    builder.ret_void()


@intrinsic
def transpose_block(typing_context, out, out_stride, source, row_stride, rows, columns):
    """out[k · out_stride + i] = source[i · row_stride + k]: LANES × LANES numbers, transposed."""

    def codegen(context, builder, signature, arguments):
        argument_types = [POINTER, INDEX, POINTER, INDEX, INDEX, INDEX]
        function, empty = declare_once(builder.module, "microgpt_transpose", argument_types)
        if empty:
            _write_transpose(function)
        builder.call(function, arguments)
        return context.get_dummy_value()

    n = types.intp
    return types.void(FLOAT_POINTER, n, FLOAT_POINTER, n, n, n), codegen


def _write_transpose(function):
    """Blocks of 1, 2, 4, … lanes are exchanged with their mirror image across the diagonal."""
    out, out_stride, source, row_stride, rows, columns = function.args
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
        store(builder, vectors[k], builder.gep(out, [builder.mul(out_stride, index(k))]))
    builder.ret_void()
