"""How a product is divided into blocks, and the one function that computes a block.

That function is compiled once, as C functions are, and the kernels call it by its name: compiled
into each of them, it would be most of the time that they take to compile.
"""

from functools import cache
from typing import Any

from llvmlite import binding, ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload

from microgpt.backends.numba_cpu.jit.compile import FLAGS, compiled_for_c
from microgpt.backends.numba_cpu.matmul.gemm_loops import multiply_in_loops
from microgpt.backends.numba_cpu.matmul.gemm_tiled import multiply_in_tiles
from microgpt.backends.numba_cpu.matmul.llvm_simd import HEIGHT, WIDTH
from microgpt.backends.numba_cpu.simd.math import gelu

LARGEST = 256  # rows and columns of a block: what the second cache holds
SMALLEST = 2**17  # products that are worth a block of their own
WANTED = 8

_JIT_OPTIONS: Any = FLAGS

# What comes after a product, while its block is in the cache.
NOTHING, RELU, GELU, SUMS = range(4)


@njit(**FLAGS)
def grid(rows, columns, depth):
    """How many blocks down and across: by shape alone, so that sums are the same on any machine.

    At least WANTED blocks, if they are not too small, and even numbers: cores come in twos. Blocks
    beside each other are better than blocks below: each packs its part of b for itself.
    """
    if rows * columns * depth < 2 * SMALLEST and max(rows, columns) <= LARGEST:
        return 1, 1
    down, across = max(1, -(-rows // LARGEST)), max(1, -(-columns // LARGEST))
    if across > 1:
        across += across % 2
    elif down > 1:
        down += down % 2
    high, wide = -(-rows // HEIGHT), -(-columns // WIDTH)  # in tiles
    most = rows * columns * depth // SMALLEST
    while down * across < WANTED and 2 * down * across <= most:
        if wide >= 6 * across or (high < 6 * down and wide >= 2 * across):
            across *= 2
        elif high >= 2 * down:
            down *= 2
        else:
            break
    return down, across


@njit(**FLAGS)
def between(size, step, i, parts):
    """From where to where part i of so many parts goes: whole steps, but for the last."""
    steps = -(-size // step)
    return steps * i // parts * step, min(size, steps * (i + 1) // parts * step)


def _count_blocks(rows, columns, depth):
    """How many blocks a product has."""
    down, across = grid(rows, columns, depth)
    return down * across


def multiply(c, start, bias, a, a_turned, b, b_turned, top, bottom, left, right):
    """c = start + bias + a · b between these rows and columns."""
    raise NotImplementedError("for compiled functions")


@overload(multiply, jit_options=_JIT_OPTIONS)
def _multiply(c, start, bias, a, a_turned, b, b_turned, top, bottom, left, right):
    if c.dtype == types.float32:
        return multiply_in_tiles.py_func
    return multiply_in_loops.py_func


def _block(block, c_place, start_place, start_rows, bias_place, bias_size, a_place, a_turned,
           b_place, b_turned, rows, columns, depth, out_place, after):  # fmt: skip
    """One block of c = start + bias + a · b, and what comes after."""
    down, across = grid(rows, columns, depth)
    s = block // (down * across)  # of a stack, matrix s
    block -= s * down * across
    c = carray(c_place, (s + 1, rows, columns))[s]
    start = carray(start_place, (start_rows, columns))
    bias = carray(bias_place, bias_size)
    a = carray(a_place, (s + 1, depth, rows) if a_turned else (s + 1, rows, depth))[s]
    b = carray(b_place, (s + 1, columns, depth) if b_turned else (s + 1, depth, columns))[s]
    top, bottom, left, right = 0, rows, 0, columns
    if down * across > 1:
        top, bottom = between(rows, HEIGHT, block // across, down)
        left, right = between(columns, WIDTH, block % across, across)
    multiply(c, start, bias, a, a_turned, b, b_turned, top, bottom, left, right)
    if after in (RELU, GELU):
        out = carray(out_place, (rows, columns))
        for n in range(top, bottom):
            if after == RELU:  # out is c
                rectify(out[n, left:right])
            else:
                gelu_row(out[n, left:right], c[n, left:right])
    elif after == SUMS and left == 0:
        add_sums(carray(out_place, rows)[top:bottom], a[:, top:bottom])


@njit(**FLAGS)
def rectify(row):
    """row = relu(row), where NaN stays NaN."""
    f = row.dtype.type
    for j in range(row.size):
        row[j] = f(0) if row[j] < f(0) else row[j]


@njit(**FLAGS)
def gelu_row(out, row):
    """out = gelu(row)."""
    f = row.dtype.type
    for j in range(row.size):
        out[j] = gelu(row[j], f)


@njit(**FLAGS)
def add_sums(out, rows):
    """out += the sum of the rows."""
    for n in range(len(rows)):
        row = rows[n]
        for j in range(out.size):
            out[j] += row[j]


_N = types.intp
_FLOATS = {"float32": types.CPointer(types.float32), "float64": types.CPointer(types.float64)}
_COUNT = _N(_N, _N, _N)


def _signature(p):
    return types.void(_N, p, p, _N, p, _N, p, _N, p, _N, _N, _N, _N, p, _N)


count_blocks = types.ExternalFunction("microgpt_count_blocks", _COUNT)


@cache
def make_ready() -> None:
    """Compile what kernels call by name, or take it from the cache; they find it from now on."""
    binding.add_symbol(count_blocks.symbol, compiled_for_c(_count_blocks, _COUNT))
    for dtype, pointer in _FLOATS.items():
        binding.add_symbol(f"microgpt_block_{dtype}", compiled_for_c(_block, _signature(pointer)))


def _product(a_turned, b_turned):
    """A block of c = start + bias + a · b, as kernels say it; None: absent.

    Where c, a and b are stacks, blocks are numbered through from the first matrix to the last.
    """

    @intrinsic
    def product(typing_context, block, c, start, bias, a, b, out, after):
        for array in (c, start, bias, a, b, out):
            if isinstance(array, types.Array) and (array.layout, array.dtype) != ("C", c.dtype):
                raise TypingError(f"a product needs C-contiguous arrays of one dtype; got {array}")

        def codegen(context, builder, signature, arguments):
            def array(x):
                kind = signature.args[x]
                if isinstance(kind, types.NoneType):
                    return pointer(None), [zero]
                value = context.make_array(kind)(context, builder, arguments[x])
                return value.data, cgutils.unpack_tuple(builder, value.shape)

            pointer = context.get_value_type(c.dtype).as_pointer()
            index = context.get_value_type(types.intp)
            zero = index(0)
            block = context.cast(builder, arguments[0], signature.args[0], types.intp)
            after = context.cast(builder, arguments[7], signature.args[7], types.intp)
            c_place, (*_, rows, columns) = array(1)
            (start, (start_rows, *_)), (bias, (bias_size,)) = array(2), array(3)
            (a, a_shape), (b, _), (out, (out_size, *_)) = array(4), array(5), array(6)
            # Without anywhere to put it, nothing comes after.
            missing = builder.icmp_signed("==", out_size, zero)
            values = [block, c_place, start, start_rows, bias, bias_size, a, index(a_turned), b,
                      index(b_turned), rows, columns, a_shape[-2 if a_turned else -1], out,
                      builder.select(missing, zero, after)]  # fmt: skip
            kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
            name = f"microgpt_block_{signature.args[1].dtype}"
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)
            return context.get_dummy_value()

        return types.void(block, c, start, bias, a, b, out, after), codegen

    return product


times, times_turned, turned_times = _product(0, 0), _product(0, 1), _product(1, 0)
