"""`Vector`: LANES numbers of one type side by side, which compiled code holds in SIMD registers.

LLVM vectorises most plain loops by itself. Two it does badly: accumulators that must stay in
registers over a whole reduction are spilled at every step, and loops of few iterations begin with
checks that take longer than the loop. Those are written with these functions. An offset into an
array, of any number of dimensions, counts elements from its first, so it must be C-contiguous.
"""

import itertools
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

from microgpt.backends.numba_cpu.simd.registers import features, register_lanes

REGISTER_LANES = register_lanes(features())
LANES = 16  # float32 numbers in one AVX-512 register; LLVM splits them among smaller ones

_I32 = ir.IntType(32)
_LANE_INDICES = ir.VectorType(_I32, LANES)


class Vector(types.Type):
    """The type of LANES numbers of one dtype."""

    def __init__(self, dtype: types.Type):
        self.dtype = dtype
        super().__init__(f"Vector({dtype})")


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector_type: Vector):
        element = manager.lookup(vector_type.dtype).get_value_type()
        super().__init__(manager, vector_type, ir.VectorType(element, LANES))


@intrinsic
def splat(typing_context, x):
    """The number x in every lane."""

    def codegen(context, builder, signature, arguments):
        return _splat(builder, context.get_value_type(signature.return_type), arguments[0])

    return Vector(x)(x), codegen


@intrinsic
def broadcast_load(typing_context, array, offset):
    """array[offset] in every lane."""

    def codegen(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        element = builder.load(builder.gep(data, [arguments[1]]))
        return _splat(builder, context.get_value_type(signature.return_type), element)

    return _vector_of(array)(array, types.intp), codegen


@intrinsic
def load(typing_context, array, offset):
    """array[offset : offset + LANES]."""

    def codegen(context, builder, signature, arguments):
        vector_type = context.get_value_type(signature.return_type)
        pointer, alignment = _pointer(context, builder, signature, arguments, vector_type)
        return builder.load(pointer, align=alignment)

    return _vector_of(array)(array, types.intp), codegen


@intrinsic
def store(typing_context, array, offset, vector):
    """array[offset : offset + LANES] = vector."""

    def codegen(context, builder, signature, arguments):
        pointer, alignment = _pointer(context, builder, signature, arguments, arguments[2].type)
        builder.store(arguments[2], pointer, align=alignment)
        return context.get_dummy_value()

    _vector_of(array)
    return types.void(array, types.intp, vector), codegen


@intrinsic
def masked_load(typing_context, array, offset, count):
    """array[offset : offset + count], then zeros; memory beyond, or past LANES, is not read."""

    def codegen(context, builder, signature, arguments):
        vector_type = context.get_value_type(signature.return_type)
        pointer, alignment = _pointer(context, builder, signature, arguments, vector_type)
        mask = _compare_lanes(builder, "<", arguments[2])
        operands = [pointer, _I32(alignment), mask, vector_type(None)]
        return _call_masked(builder, "llvm.masked.load", vector_type, vector_type, operands)

    return _vector_of(array)(array, types.intp, types.intp), codegen


@intrinsic
def masked_store(typing_context, array, offset, vector, count):
    """array[offset : offset + count] = the first `count` lanes, at most LANES."""

    def codegen(context, builder, signature, arguments):
        vector_type = arguments[2].type
        pointer, alignment = _pointer(context, builder, signature, arguments, vector_type)
        mask = _compare_lanes(builder, "<", arguments[3])
        operands = [arguments[2], pointer, _I32(alignment), mask]
        _call_masked(builder, "llvm.masked.store", vector_type, ir.VoidType(), operands)
        return context.get_dummy_value()

    _vector_of(array)
    return types.void(array, types.intp, vector, types.intp), codegen


@intrinsic
def mask_below(typing_context, vector, lane, other):
    """The vector with its lanes below number `lane` taken from `other`, a vector or a number."""

    def codegen(context, builder, signature, arguments):
        vector, lane, other = arguments
        if other.type != vector.type:
            other = _splat(builder, vector.type, other)
        return builder.select(_compare_lanes(builder, ">=", lane), vector, other)

    return vector(vector, types.intp, other), codegen


@intrinsic
def maximum(typing_context, x, y):
    """The maximum of x and y in each lane; x where y is NaN."""

    def codegen(context, builder, signature, arguments):
        x, y = arguments
        return builder.select(builder.fcmp_ordered(">", y, x), y, x)

    return x(x, y), codegen


@intrinsic(prefer_literal=True)
def shuffle_xor(typing_context, vector, distance):
    """Lane i gets the number of lane i XOR `distance`, a literal 1, 2, 4 or 8."""
    sources = [lane ^ distance.literal_value for lane in range(LANES)]

    def codegen(context, builder, signature, arguments):
        x = arguments[0]
        mask = ir.Constant(_LANE_INDICES, sources)
        return builder.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), mask)

    return vector(vector, distance), codegen


@intrinsic
def transpose(typing_context, out, out_offset, array, offset, row_stride):
    """out[c, r] = array[r, c]: LANES rows of LANES numbers, `row_stride` apart in `array`.

    In squares that registers hold, one after the other, so the two must not overlap; all 16 rows at
    once would be spilled where a register holds fewer than 16 numbers. In a square, halves of rows
    are exchanged between rows, then quarters, then eighths.
    """

    def codegen(context, builder, signature, arguments):
        out, out_offset, array, offset, row_stride = arguments
        size = REGISTER_LANES
        vector_type = ir.VectorType(context.get_value_type(signature.args[0].dtype), size)

        def at(array_type, array, index):
            return _pointer_at(context, builder, array_type, array, index, vector_type)

        for top, left in itertools.product(range(0, LANES, size), repeat=2):
            rows = []
            for r in range(top, top + size):
                row = builder.add(offset, builder.mul(row_stride, row_stride.type(r)))
                pointer, alignment = at(signature.args[2], array, builder.add(row, row.type(left)))
                rows.append(builder.load(pointer, align=alignment))
            _transpose_rows(builder, rows)
            for c in range(size):
                index = builder.add(out_offset, out_offset.type((left + c) * LANES + top))
                pointer, alignment = at(signature.args[0], out, index)
                builder.store(rows[c], pointer, align=alignment)
        return context.get_dummy_value()

    _vector_of(out)
    _vector_of(array)
    return types.void(out, types.intp, array, types.intp, types.intp), codegen


@intrinsic
def no_unroll(typing_context):
    """Keep LLVM from unrolling the loop that this stands in: of few iterations, that costs time."""

    def codegen(context, builder, signature, arguments):
        builder.asm(ir.FunctionType(ir.VoidType(), []), "", "", [], True)  # nothing, but seen
        return context.get_dummy_value()

    return types.void(), codegen


def _transpose_rows(builder, rows):
    """Transpose as many vectors as each has lanes, in place."""
    distance = len(rows) // 2
    while distance:
        masks = [_exchange_mask(len(rows), distance, half) for half in (0, distance)]
        for r in range(len(rows)):
            if not r & distance:
                pair = rows[r], rows[r + distance]
                rows[r], rows[r + distance] = (
                    builder.shuffle_vector(*pair, mask) for mask in masks
                )
        distance //= 2


def _exchange_mask(lanes: int, distance: int, half: int) -> ir.Constant:
    """The shuffle that gives the first row of an exchanged pair (half 0) or the second."""
    sources = [lane + half if not lane & distance else lanes + lane - distance + half
               for lane in range(lanes)]  # fmt: skip
    return ir.Constant(ir.VectorType(_I32, lanes), sources)


def _lower_arithmetic(instruction: str) -> Callable:
    """Code for +, −, · or / of two vectors, or of a number and a vector."""

    def codegen(context, builder, signature, arguments):
        vector_type = context.get_value_type(signature.return_type)
        operands = [
            argument if argument.type == vector_type else _splat(builder, vector_type, argument)
            for argument in arguments
        ]
        return getattr(builder, instruction)(*operands)

    return codegen


def _type_arithmetic(context):
    def typer(x, y):
        vectors = [operand for operand in (x, y) if isinstance(operand, Vector)]
        return vectors[0] if vectors else None

    return typer


for _operator, _instruction in [
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
]:
    type_callable(_operator)(_type_arithmetic)
    for _operands in [(Vector, Vector), (types.Float, Vector), (Vector, types.Float)]:
        lower_builtin(_operator, *_operands)(_lower_arithmetic(_instruction))


def _splat(builder, vector_type, x):
    undefined = ir.Constant(vector_type, ir.Undefined)
    first = builder.insert_element(undefined, x, _I32(0))
    return builder.shuffle_vector(first, undefined, _LANE_INDICES(None))


def _compare_lanes(builder, relation, lane):
    """A mask of the lanes whose number is < or >= `lane`."""
    numbers = ir.Constant(_LANE_INDICES, list(range(LANES)))
    return builder.icmp_signed(
        relation, numbers, _splat(builder, _LANE_INDICES, builder.trunc(lane, _I32))
    )


def _vector_of(array):
    """The vector type of an array's dtype; strides are not read, so only C order is accepted."""
    if array.layout != "C":
        raise TypingError(f"vectors are loaded from C-contiguous arrays; got {array}")
    return Vector(array.dtype)


def _pointer(context, builder, signature, arguments, vector_type):
    return _pointer_at(context, builder, signature.args[0], *arguments[:2], vector_type)


def _pointer_at(context, builder, array_type, array, offset, vector_type):
    """A pointer to the vector at an offset of an array, and its alignment: that of one number."""
    data = context.make_array(array_type)(context, builder, array).data
    pointer = builder.bitcast(builder.gep(data, [offset]), vector_type.as_pointer())
    return pointer, context.get_abi_sizeof(vector_type.element)


def _call_masked(builder, name, vector_type, return_type, operands):
    """Call LLVM's masked load or store."""
    bits = 32 if isinstance(vector_type.element, ir.FloatType) else 64
    name = f"{name}.v{LANES}f{bits}.p0"
    function = builder.module.globals.get(name) or ir.Function(
        builder.module, ir.FunctionType(return_type, [x.type for x in operands]), name
    )
    return builder.call(function, operands)
