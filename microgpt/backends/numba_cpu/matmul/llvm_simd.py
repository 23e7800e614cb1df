"""The host's vectors, and how to write code for them that no plain loop becomes.

LLVM turns Numba's loops into vector instructions where it sees how; a block of sums held in
registers it never sees. What is built from these helpers is written in LLVM's own operations.
Beside `_lanes.py`, whose vectors are values of compiled Python, 16 numbers on any machine: here the
number of rows and lanes follows the registers of the host, and Python only writes the code.
"""

from collections.abc import Iterable
from typing import NamedTuple

from llvmlite import binding, ir
from numba.core import config

FLOAT, INDEX, LANE = ir.FloatType(), ir.IntType(64), ir.IntType(32)
POINTER = FLOAT.as_pointer()


class Shape(NamedTuple):
    """A tile of sums in registers: `height` rows of two vectors of `lanes` numbers."""

    lanes: int
    height: int


def shape_for(features: dict[str, bool]) -> Shape:
    """The tile that fills a processor's registers: the sums, a row of b, a number of a."""
    if features.get("avx512f"):
        return Shape(16, 12)  # 24 + 2 + 1 of 32 registers
    if features.get("avx2"):
        return Shape(8, 6)  # 12 + 2 + 1 of 16
    return Shape(4, 8) if features.get("neon") else Shape(4, 4)  # of 32, of 16


def _features() -> dict[str, bool]:
    """What Numba compiles for: this processor, or what NUMBA_CPU_FEATURES says."""
    named: str | None = config.CPU_FEATURES  # type: ignore[attr-defined]
    if named is None:
        return dict(binding.get_host_cpu_features())
    return {feature[1:]: feature[0] == "+" for feature in named.split(",") if feature}


LANES, HEIGHT = shape_for(_features())
WIDTH = 2 * LANES

VECTOR = ir.VectorType(FLOAT, LANES)
_VECTORS = VECTOR.as_pointer()


def number(n: int) -> ir.Constant:
    return ir.Constant(INDEX, n)


def lanes(numbers: Iterable[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(LANE, LANES), [ir.Constant(LANE, n) for n in numbers])


def _llvm(builder: ir.IRBuilder, name: str, result: ir.Type, arguments: list) -> ir.Value:
    """A call of one of LLVM's own functions."""
    made = builder.module.globals.get(name)
    if made is None:
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        made = ir.Function(builder.module, kind, name)
    return builder.call(made, arguments)


def own_function(
    module: ir.Module, name: str, kinds: Iterable[ir.Type]
) -> tuple[ir.Function, bool]:
    """A function for us to fill, and whether it is still empty: one serves a whole kernel."""
    if name in module.globals:
        return module.globals[name], False
    made = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    made.linkage = "linkonce_odr"
    made.attributes.add("noinline")
    made.attributes.add("nounwind")
    return made, True


def splat(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """A vector with x in each lane."""
    nothing = ir.Constant(ir.VectorType(x.type, LANES), ir.Undefined)
    first = builder.insert_element(nothing, x, ir.Constant(LANE, 0))
    return builder.shuffle_vector(first, nothing, lanes([0] * LANES))


def below(builder: ir.IRBuilder, count: ir.Value, before: int = 0) -> ir.Value:
    """A mask of the lanes whose number is below `count`, where `before` lanes come first."""
    counts = splat(builder, builder.trunc(count, LANE))
    return builder.icmp_signed("<", lanes(range(before, before + LANES)), counts)


def load(builder: ir.IRBuilder, place: ir.Value, mask: ir.Value | None = None) -> ir.Value:
    """The vector at an address; where the mask says no, memory is not touched and the lane is 0."""
    place = builder.bitcast(place, _VECTORS)
    if mask is None:
        return builder.load(place, align=4)
    name = f"llvm.masked.load.v{LANES}f32.p0v{LANES}f32"
    nothing = ir.Constant(VECTOR, None)
    return _llvm(builder, name, VECTOR, [place, ir.Constant(LANE, 4), mask, nothing])


def store(builder: ir.IRBuilder, x: ir.Value, place: ir.Value, mask: ir.Value | None = None):
    """Put a vector at an address, but for the lanes where the mask says no."""
    place = builder.bitcast(place, _VECTORS)
    if mask is None:
        return builder.store(x, place, align=4)
    name = f"llvm.masked.store.v{LANES}f32.p0v{LANES}f32"
    return _llvm(builder, name, ir.VoidType(), [x, place, ir.Constant(LANE, 4), mask])


def multiply_add(builder: ir.IRBuilder, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
    """x · y + z, in one instruction where the processor has it."""
    return _llvm(builder, f"llvm.fmuladd.v{LANES}f32", VECTOR, [x, y, z])
