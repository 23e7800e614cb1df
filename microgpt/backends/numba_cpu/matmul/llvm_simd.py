"""The host's vector registers, and LLVM instructions over them, for code that no loop becomes.

LLVM vectorises Numba's loops where it sees how; a block of sums held in registers it never sees, so
the micro-kernel is written in LLVM's own instructions. `simd/vector.py` gives compiled Python
vectors of 16 numbers on any machine; here rows and lanes follow the host's registers, and Python
only writes the code.
"""

from collections.abc import Iterable
from typing import NamedTuple

from llvmlite import ir

from microgpt.backends.numba_cpu.simd.registers import features, register_lanes

FLOAT, INDEX, I32 = ir.FloatType(), ir.IntType(64), ir.IntType(32)
POINTER = FLOAT.as_pointer()


class TileShape(NamedTuple):
    """A tile of c in registers: `rows` rows of two vectors of `lanes` numbers."""

    lanes: int
    rows: int


def tile_shape(features: dict[str, bool]) -> TileShape:
    """The tile that fills a processor's registers: sums, a row of b, a number of a."""
    lanes = register_lanes(features)
    if lanes == 16:
        return TileShape(lanes, 12)  # 24 + 2 + 1 of 32 registers
    if lanes == 8:
        return TileShape(lanes, 6)  # 12 + 2 + 1 of 16
    return TileShape(lanes, 8 if features.get("neon") else 4)  # of 32, of 16


LANES, MR = tile_shape(features())
NR = 2 * LANES

VECTOR = ir.VectorType(FLOAT, LANES)
_VECTOR_POINTER = VECTOR.as_pointer()


def index(n: int) -> ir.Constant:
    return ir.Constant(INDEX, n)


def lane_constants(numbers: Iterable[int]) -> ir.Constant:
    """A constant vector of integers, one a lane: a shuffle's mask, or lane numbers."""
    return ir.Constant(ir.VectorType(I32, LANES), [ir.Constant(I32, n) for n in numbers])


def _call_llvm(builder: ir.IRBuilder, name: str, return_type: ir.Type, operands: list) -> ir.Value:
    """A call of one of LLVM's own functions."""
    function = builder.module.globals.get(name)
    if function is None:
        function_type = ir.FunctionType(return_type, [operand.type for operand in operands])
        function = ir.Function(builder.module, function_type, name)
    return builder.call(function, operands)


def declare_once(
    module: ir.Module, name: str, argument_types: Iterable[ir.Type]
) -> tuple[ir.Function, bool]:
    """A function without result, one a module, and whether its body is still to be written."""
    if name in module.globals:
        return module.globals[name], False
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), argument_types), name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    return function, True


def splat(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """A vector with x in each lane."""
    undefined = ir.Constant(ir.VectorType(x.type, LANES), ir.Undefined)
    first = builder.insert_element(undefined, x, ir.Constant(I32, 0))
    return builder.shuffle_vector(first, undefined, lane_constants([0] * LANES))


def count_mask(builder: ir.IRBuilder, count: ir.Value, before: int = 0) -> ir.Value:
    """The mask of the lanes whose number + `before` is below `count`."""
    counts = splat(builder, builder.trunc(count, I32))
    return builder.icmp_signed("<", lane_constants(range(before, before + LANES)), counts)


def load(builder: ir.IRBuilder, pointer: ir.Value, mask: ir.Value | None = None) -> ir.Value:
    """The vector at a pointer; of masked-out lanes memory is not read, and they are 0."""
    pointer = builder.bitcast(pointer, _VECTOR_POINTER)
    if mask is None:
        return builder.load(pointer, align=4)
    name = f"llvm.masked.load.v{LANES}f32.p0v{LANES}f32"
    zeros = ir.Constant(VECTOR, None)
    return _call_llvm(builder, name, VECTOR, [pointer, ir.Constant(I32, 4), mask, zeros])


def store(builder: ir.IRBuilder, x: ir.Value, pointer: ir.Value, mask: ir.Value | None = None):
    """Write a vector to a pointer, but for masked-out lanes."""
    pointer = builder.bitcast(pointer, _VECTOR_POINTER)
    if mask is None:
        return builder.store(x, pointer, align=4)
    name = f"llvm.masked.store.v{LANES}f32.p0v{LANES}f32"
    return _call_llvm(builder, name, ir.VoidType(), [x, pointer, ir.Constant(I32, 4), mask])


def prefetch(builder: ir.IRBuilder, pointer: ir.Value) -> None:
    """Ask for the cache line of a pointer, to be written."""
    pointer = builder.bitcast(pointer, ir.IntType(8).as_pointer())
    to_write, all_caches, numbers = (ir.Constant(I32, flag) for flag in (1, 3, 1))
    operands = [pointer, to_write, all_caches, numbers]
    _call_llvm(builder, "llvm.prefetch.p0", ir.VoidType(), operands)


def multiply_add(builder: ir.IRBuilder, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
    """x · y + z, in one instruction where the processor has it."""
    return _call_llvm(builder, f"llvm.fmuladd.v{LANES}f32", VECTOR, [x, y, z])
