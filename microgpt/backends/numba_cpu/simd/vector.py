"""`Lanes`: LANES numbers of one type side by side, which compiled code holds in vector registers.

LLVM makes vector code of most plain loops by itself. Sums that must stay in registers from the
first factor to the last it would write to memory at every step, and loops of a few turns it would
begin with checks that take longer than the loop; such loops are written with these. A place in an
array, of any number of dimensions, is counted from its first number, so it must be C-contiguous.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic, models, overload, register_model

LANES = 16  # float32 numbers in one AVX-512 register; LLVM divides them among smaller ones

_INT = ir.IntType(32)
_PLACES = ir.VectorType(_INT, LANES)  # a place for each lane


class Lanes(types.Type):
    """The type of LANES numbers of one type."""

    def __init__(self, dtype: types.Type):
        self.dtype = dtype
        super().__init__(f"Lanes({dtype})")


@register_model(Lanes)
class LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Lanes):
        number = manager.lookup(kind.dtype).get_value_type()
        super().__init__(manager, kind, ir.VectorType(number, LANES))


@intrinsic
def spread(typing_context, x):
    """The number x in every lane."""

    def codegen(context, builder, signature, arguments):
        return _spread(builder, context.get_value_type(signature.return_type), arguments[0])

    return Lanes(x)(x), codegen


@intrinsic
def repeat(typing_context, array, at):
    """The number at `at` of an array in every lane."""

    def codegen(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        number = builder.load(builder.gep(data, [arguments[1]]))
        return _spread(builder, context.get_value_type(signature.return_type), number)

    return _in_order(array)(array, types.intp), codegen


@intrinsic
def load(typing_context, array, at):
    """The numbers of an array from `at` on."""

    def codegen(context, builder, signature, arguments):
        kind = context.get_value_type(signature.return_type)
        place, size = _place(context, builder, signature, arguments, kind)
        return builder.load(place, align=size)

    return _in_order(array)(array, types.intp), codegen


@intrinsic
def store(typing_context, array, at, lanes):
    """Put all lanes into an array, from `at` on."""

    def codegen(context, builder, signature, arguments):
        place, size = _place(context, builder, signature, arguments, arguments[2].type)
        builder.store(arguments[2], place, align=size)
        return context.get_dummy_value()

    _in_order(array)
    return types.void(array, types.intp, lanes), codegen


@intrinsic
def load_first(typing_context, array, at, count):
    """`count` numbers of an array from `at` on, at most LANES, then zeros."""

    def codegen(context, builder, signature, arguments):
        kind = context.get_value_type(signature.return_type)
        place, size = _place(context, builder, signature, arguments, kind)
        mask = _compare(builder, "<", arguments[2])
        arguments = [place, _INT(size), mask, kind(None)]
        return _call(builder, "llvm.masked.load", kind, kind, arguments)

    return _in_order(array)(array, types.intp, types.intp), codegen


@intrinsic
def store_first(typing_context, array, at, lanes, count):
    """Put the first `count` lanes into an array, from `at` on."""

    def codegen(context, builder, signature, arguments):
        kind = arguments[2].type
        place, size = _place(context, builder, signature, arguments, kind)
        mask = _compare(builder, "<", arguments[3])
        arguments = [arguments[2], place, _INT(size), mask]
        _call(builder, "llvm.masked.store", kind, ir.VoidType(), arguments)
        return context.get_dummy_value()

    _in_order(array)
    return types.void(array, types.intp, lanes, types.intp), codegen


@intrinsic
def keep_from(typing_context, lanes, start, other):
    """The lanes from number `start` on; before them, those of `other`, or `other` as a number."""

    def codegen(context, builder, signature, arguments):
        lanes, start, other = arguments
        if other.type != lanes.type:
            other = _spread(builder, lanes.type, other)
        return builder.select(_compare(builder, ">=", start), lanes, other)

    return lanes(lanes, types.intp, other), codegen


@intrinsic
def greatest(typing_context, x, y):
    """The greater number in each lane; where y is NaN, that of x."""

    def codegen(context, builder, signature, arguments):
        x, y = arguments
        return builder.select(builder.fcmp_ordered(">", y, x), y, x)

    return x(x, y), codegen


@intrinsic(prefer_literal=True)
def neighbours(typing_context, lanes, distance):
    """In each lane the number of the one `distance` away; `distance` is a constant 1, 2, 4 or 8."""
    places = [lane ^ distance.literal_value for lane in range(LANES)]

    def codegen(context, builder, signature, arguments):
        x = arguments[0]
        mask = ir.Constant(_PLACES, places)
        return builder.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), mask)

    return lanes(lanes, distance), codegen


@intrinsic
def turn(typing_context, target, to, source, at, stride):
    """Turn LANES rows of LANES numbers, `stride` apart in `source`, into columns of `target`.

    Half of a row changes places with half of another, then quarters do, then eighths.
    """

    def codegen(context, builder, signature, arguments):
        target, to, source, at, stride = arguments
        kind = ir.VectorType(context.get_value_type(signature.args[0].dtype), LANES)
        rows = []
        for r in range(LANES):
            index = builder.add(at, builder.mul(stride, stride.type(r)))
            place, size = _element(context, builder, signature.args[2], source, index, kind)
            rows.append(builder.load(place, align=size))
        distance = LANES // 2
        while distance:
            for r in range(LANES):
                if not r & distance:
                    upper, lower = rows[r], rows[r + distance]
                    rows[r] = builder.shuffle_vector(upper, lower, _exchange(distance, 0))
                    rows[r + distance] = builder.shuffle_vector(
                        upper, lower, _exchange(distance, distance)
                    )
            distance //= 2
        for r in range(LANES):
            index = builder.add(to, to.type(r * LANES))
            place, size = _element(context, builder, signature.args[0], target, index, kind)
            builder.store(rows[r], place, align=size)
        return context.get_dummy_value()

    _in_order(target)
    _in_order(source)
    return types.void(target, types.intp, source, types.intp, types.intp), codegen


@intrinsic
def stay_rolled(typing_context):
    """In a loop of few turns: let LLVM not write it out many times over, which takes it long."""

    def codegen(context, builder, signature, arguments):
        builder.asm(ir.FunctionType(ir.VoidType(), []), "", "", [], True)  # nothing, but seen
        return context.get_dummy_value()

    return types.void(), codegen


def _exchange(distance: int, half: int) -> ir.Constant:
    """Which lanes of two rows make the first of the exchanged pair (half 0) or the second."""
    places = [lane + half if not lane & distance else LANES + lane - distance + half
              for lane in range(LANES)]  # fmt: skip
    return ir.Constant(_PLACES, places)


def _arithmetic(name: str) -> Callable:
    """+, −, · or / of lanes and lanes, or of a number and lanes."""

    @intrinsic
    def operation(typing_context, x, y):
        kind = x if isinstance(x, Lanes) else y

        def codegen(context, builder, signature, arguments):
            whole = context.get_value_type(kind)
            sides = [
                argument if argument.type == whole else _spread(builder, whole, argument)
                for argument in arguments
            ]
            return getattr(builder, name)(*sides)

        return kind(x, y), codegen

    compute: Any = operation

    def with_lanes(x, y):
        if isinstance(x, Lanes) or isinstance(y, Lanes):
            return lambda x, y: compute(x, y)
        return None

    return with_lanes


for _operator, _name in [
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
]:
    overload(_operator)(_arithmetic(_name))


def _spread(builder, kind, x):
    nothing = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(nothing, x, _INT(0))
    return builder.shuffle_vector(first, nothing, _PLACES(None))


def _compare(builder, relation, number):
    """Whether the number of each lane is < or >= `number`."""
    lanes = ir.Constant(_PLACES, list(range(LANES)))
    return builder.icmp_signed(
        relation, lanes, _spread(builder, _PLACES, builder.trunc(number, _INT))
    )


def _in_order(array):
    """The lanes of an array; another order of its numbers is refused, as strides are not read."""
    if array.layout != "C":
        raise TypingError(f"lanes are read from C-contiguous arrays; got {array}")
    return Lanes(array.dtype)


def _place(context, builder, signature, arguments, kind):
    return _element(context, builder, signature.args[0], *arguments[:2], kind)


def _element(context, builder, kind_of_array, array, index, kind):
    """Where lanes begin in an array, and the bytes of one number."""
    data = context.make_array(kind_of_array)(context, builder, array).data
    place = builder.bitcast(builder.gep(data, [index]), kind.as_pointer())
    return place, context.get_abi_sizeof(kind.element)


def _call(builder, name, kind, result, arguments):
    """Call an LLVM function on lanes and their mask."""
    bits = 32 if isinstance(kind.element, ir.FloatType) else 64
    name = f"{name}.v{LANES}f{bits}.p0"
    function = builder.module.globals.get(name) or ir.Function(
        builder.module, ir.FunctionType(result, [a.type for a in arguments]), name
    )
    return builder.call(function, arguments)
