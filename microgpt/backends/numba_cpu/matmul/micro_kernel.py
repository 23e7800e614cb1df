"""The register tile: a block of c that stays in registers while the inner dimension runs by.

The readable loops load five numbers for four products. Here HEIGHT rows of two vectors of c are
held in registers; a step loads two vectors of b and HEIGHT numbers of a, for HEIGHT · WIDTH
products:

    for k in range(depth):
        for i in range(HEIGHT):
            c[i, :] += a[i, k] * b[k, :]
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from microgpt.backends.numba_cpu.matmul.llvm_simd import (
    FLOAT,
    HEIGHT,
    INDEX,
    LANES,
    POINTER,
    VECTOR,
    WIDTH,
    below,
    load,
    multiply_add,
    number,
    own_function,
    splat,
    store,
)
from microgpt.backends.numba_cpu.matmul.strided_matrix import MATRIX


@intrinsic
def tile(typing_context, height, width, depth, c, start, bias, a, b):
    """c = start + bias + a · b for at most HEIGHT rows and WIDTH columns.

    b's columns lie side by side; `start` and `bias` may be absent.
    """

    def codegen(context, builder, signature, arguments):
        height, width, depth = arguments[:3]
        c, start, bias, a, b = (cgutils.unpack_tuple(builder, m) for m in arguments[3:])
        operands = [*c[:2], *start[:2], bias[0], *a, *b[:2], depth, width]
        wide = builder.zext(builder.icmp_signed(">", width, number(LANES)), INDEX)
        whole = builder.and_(
            builder.icmp_signed("==", height, number(HEIGHT)),
            builder.icmp_signed("==", width, number(WIDTH)),
        )
        kind = builder.select(whole, number(0), builder.add(builder.shl(height, number(1)), wide))
        done = builder.append_basic_block("done")
        kinds = builder.switch(kind, done)
        for case, *shape in [
            (0, HEIGHT, 2, False),
            *((2 * h + v - 1, h, v, True) for h in range(1, HEIGHT + 1) for v in (1, 2)),
        ]:
            block = builder.append_basic_block(f"kind_{case}")
            kinds.add_case(number(case), block)
            builder.position_at_end(block)
            builder.call(_tile(builder.module, *shape), operands)
            builder.branch(done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    n, m = types.intp, MATRIX
    return types.void(n, n, n, m, m, m, m, m), codegen


def _tile(module, height, vectors, masked):
    """The function for `height` rows of `vectors` vectors; masked: of at most so many columns."""
    name = f"microgpt_tile_{height}_{vectors}_{'masked' if masked else 'whole'}"
    kinds = [POINTER, INDEX, POINTER, INDEX, POINTER, POINTER, INDEX, INDEX, POINTER, INDEX, INDEX,
             INDEX]  # fmt: skip
    function, empty = own_function(module, name, kinds)
    if empty:
        _fill(function, height, vectors, masked)
    return function


def _fill(function, height, vectors, masked):
    c, c_down, start, start_down, bias, a, a_down, a_along, b, b_down, depth, width = function.args
    before, loop, after = (function.append_basic_block(at) for at in ("before", "loop", "after"))
    builder = ir.IRBuilder(before)
    masks = [below(builder, width, v * LANES) if masked else None for v in range(vectors)]

    def row(place):
        places = [builder.gep(place, [number(v * LANES)]) for v in range(vectors)]
        return list(zip(places, masks, strict=True))

    def line(place, down, i):
        return builder.gep(place, [builder.mul(down, number(i))])

    def loaded(place):
        return [load(builder, *vector) for vector in row(place)]

    def present(place):  # or zeros
        missing = builder.icmp_unsigned("==", place, POINTER(None))
        return builder.select(missing, _zeros(builder), place)

    added, start, first = loaded(present(bias)), present(start), []
    for i in range(height):
        begun = loaded(line(start, start_down, i))
        first += [builder.fadd(x, y) for x, y in zip(begun, added, strict=True)]
    # Three rows of a share an address: to add one or two strides costs processors nothing.
    shared = [line(a, a_down, i) for i in range(0, height, 3)]
    strides = [number(0), a_down, builder.shl(a_down, number(1))]
    builder.cbranch(builder.icmp_signed(">", depth, number(0)), loop, after)

    builder.position_at_end(loop)
    initial = [number(0), b, *shared, *first]
    now = [builder.phi(value.type) for value in initial]
    for variable, value in zip(now, initial, strict=True):
        variable.add_incoming(value, before)
    (k, b_now), a_now, sums = now[:2], now[2 : 2 + len(shared)], now[2 + len(shared) :]
    b_row, following = loaded(b_now), []
    for i in range(height):
        factor = splat(builder, builder.load(builder.gep(a_now[i // 3], [strides[i % 3]])))
        row_sums = zip(b_row, sums[i * vectors : (i + 1) * vectors], strict=True)
        following += [multiply_add(builder, factor, x, total) for x, total in row_sums]
    moved = [builder.add(k, number(1)), builder.gep(b_now, [b_down])]
    moved += [builder.gep(place, [a_along]) for place in a_now]
    for variable, value in zip(now, moved + following, strict=True):
        variable.add_incoming(value, loop)
    builder.cbranch(builder.icmp_signed("<", moved[0], depth), loop, after)

    builder.position_at_end(after)
    results = [builder.phi(VECTOR) for _ in first]
    for result, untouched, last in zip(results, first, following, strict=True):
        result.add_incoming(untouched, before)
        result.add_incoming(last, loop)
    for i in range(height):
        for v, vector in enumerate(row(line(c, c_down, i))):
            store(builder, results[i * vectors + v], *vector)
    builder.ret_void()


def _zeros(builder):
    """The address of a row of zeros."""
    zeros = builder.module.globals.get("microgpt_zeros")
    if zeros is None:
        kind = ir.ArrayType(FLOAT, WIDTH)
        zeros = ir.GlobalVariable(builder.module, kind, "microgpt_zeros")
        zeros.linkage, zeros.global_constant = "internal", True
        zeros.initializer = ir.Constant(kind, None)
    return builder.bitcast(zeros, POINTER)
