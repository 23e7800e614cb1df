"""`prange`: the loop of a kernel that threads may share, compiled once for one thread or many.

Numba passes a pointer for the result first. A kernel returns nothing, so its share lies there,
which part of how many it is to do, and no kernel needs an argument for it; 0, which Numba's own
callers write there, means the whole loop. `parallel_region.py` calls kernels with shares. Behind a
share lies the address of the launch's workspace, where shares leave results that one last call,
whose share is LAST_CALL, puts together.

Numba's own `prange` makes a second function of each kernel, which is typed and optimised again: of
all the time that kernels took to compile, more than half.
"""

from collections.abc import Iterable

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import LoweringError
from numba.extending import intrinsic, lower_builtin, type_callable

PARTS_BITS = 32  # a share: the number of parts, below which part it is
LAST_CALL = -1  # read as a share, it is behind all parts: `prange` is empty
LARGEST = 2**62 - 1


def prange(count: int) -> Iterable[int]:
    """range(count), of which a call with a share does its part; only in a kernel's own body."""
    return range(count)


@type_callable(prange)
def _type_prange(context):
    def typer(count):
        return types.range_state64_type if isinstance(count, types.Integer) else None

    return typer


@lower_builtin(prange, types.Integer)
def _lower_prange(context, builder, signature, arguments):
    """A range from count · part / parts to count · (part + 1) / parts."""
    integer = ir.IntType(64)
    (count,) = arguments
    count = context.cast(builder, count, signature.args[0], types.int64)
    negative = builder.icmp_signed("<", count, integer(0))
    count = builder.select(negative, integer(0), count)
    share = builder.load(_share_pointer(builder))
    is_all = builder.icmp_unsigned("==", share, integer(0))
    parts = builder.select(is_all, integer(1), builder.lshr(share, integer(PARTS_BITS)))
    part = builder.and_(share, integer(2**PARTS_BITS - 1))

    def bound(number):
        # Not negative, as LLVM sees by this: so no index needs to be counted from the end.
        return builder.and_(builder.udiv(builder.mul(count, number), parts), integer(LARGEST))

    make_range = context.get_function(range, signature.return_type(types.int64, types.int64))
    return make_range(builder, [bound(part), bound(builder.add(part, integer(1)))])


def _share_pointer(builder):
    result = builder.function.args[0]
    if not isinstance(result.type.pointee, ir.PointerType):
        raise LoweringError("only kernels have shares, and they return nothing")
    return builder.bitcast(result, ir.IntType(64).as_pointer())


@intrinsic
def is_last_call(typing_context):
    """Whether all shares are done, and this call is to put together what they left."""

    def codegen(context, builder, signature, arguments):
        share = builder.load(_share_pointer(builder))
        return builder.icmp_signed("==", share, share.type(LAST_CALL))

    return types.boolean(), codegen


@intrinsic
def workspace(typing_context):
    """The address of the launch's workspace; 0 if it has none, or one call does the whole loop."""

    def codegen(context, builder, signature, arguments):
        pointer = _share_pointer(builder)
        share = builder.load(pointer)
        address = cgutils.alloca_once_value(builder, share.type(0))
        with builder.if_then(builder.icmp_signed("!=", share, share.type(0))):
            builder.store(builder.load(builder.gep(pointer, [share.type(1)])), address)
        return builder.load(address)

    return types.int64(), codegen
