"""How a product is divided into blocks for threads, and the one function that computes a block.

That function is compiled once, as C functions are, and the kernels call it by its name: compiled
into each of them, it would be most of the time that they take to compile.
"""

from functools import cache
from typing import Any

from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload

from microgpt.backends.numba_cpu.jit.compile import HELPER, define_cfunc
from microgpt.backends.numba_cpu.jit.native_code import define_num_threads, num_threads
from microgpt.backends.numba_cpu.matmul.borrowed_array import borrowed_array
from microgpt.backends.numba_cpu.matmul.gemm_loops import gemm_loops
from microgpt.backends.numba_cpu.matmul.gemm_tiled import gemm_tiled
from microgpt.backends.numba_cpu.matmul.llvm_simd import MR, NR
from microgpt.backends.numba_cpu.matmul.micro_kernel import TILES, define_tiles
from microgpt.backends.numba_cpu.matmul.packing import KC, MAX_COLUMNS, MAX_ROWS
from microgpt.backends.numba_cpu.simd.math import gelu

MIN_BLOCK_WORK = 2**16  # products that are worth a block of their own
MIN_SPARE_WORK = 2**21  # products in each of two blocks of a thread, of which others may do one
# What the micro-kernel takes for a tile, and what the first reading of a panel of a takes, that of
# a transposed a, and of b: tenths of a tile.
TILE, READ_A, PACK_A, PACK_B = 10, 1, 4, 6

_JIT_OPTIONS: Any = HELPER

STRAIGHT, TRANSPOSED = range(2)  # how a lies
# What follows a product while its block is in the cache.
NO_EPILOGUE, RELU, GELU, BIAS_GRAD = range(4)
ONE_BLOCK = -1  # the number of the block that is all of a product, whatever the number of threads


@njit(**HELPER)
def block_grid(M, N, K, a_transposed):
    """How many blocks down and across, two a thread at most, in the grid that takes the least time.

    A number is summed up in one order, whatever the block, so that results are the same with any
    number of threads.
    """
    threads, work = num_threads(), M * N * K
    blocks = min(threads, work // MIN_BLOCK_WORK)
    if threads > 1 and work >= 2 * threads * MIN_SPARE_WORK:
        blocks = 2 * threads
    tiles_down, tiles_across = -(-M // MR), -(-N // NR)
    best_down, best_across, best_time = 1, 1, 0
    down = 1
    while down <= min(blocks, tiles_down):
        across = min(blocks // down, tiles_across)
        height, width = -(-tiles_down // down), -(-tiles_across // across)
        time = TILE * height * width + PACK_B * width
        time += (PACK_A if a_transposed else READ_A) * height
        if best_time == 0 or time < best_time:
            best_down, best_across, best_time = down, across, time
        down *= 2
    return best_down, best_across


@njit(**HELPER)
def split_range(size, step, i, parts):
    """Where part i of `parts` begins and ends: full steps, but for the last."""
    steps = -(-size // step)
    return steps * i // parts * step, min(size, steps * (i + 1) // parts * step)


def _count_blocks(M, N, K, a_transposed):
    """How many blocks a product (M, K) · (K, N) has."""
    down, across = block_grid(M, N, K, a_transposed)
    return down * across


def gemm(c, c_in, bias, a, a_transposed, b, b_transposed, top, bottom, left, right):
    """c = c_in + bias + a · b in these rows and columns: tiled in float32, loops in float64."""
    raise NotImplementedError("for compiled functions")


@overload(gemm, jit_options=_JIT_OPTIONS)
def _gemm(c, c_in, bias, a, a_transposed, b, b_transposed, top, bottom, left, right):
    if c.dtype == types.float32:
        return gemm_tiled.py_func
    return gemm_loops.py_func


def _gemm_block(block, c_data, c_in_data, c_in_rows, bias_data, bias_size, a_data, a_transposed,
                b_data, b_transposed, M, N, K, out_data, epilogue):  # fmt: skip
    """One block of c = c_in + bias + a · b, and its epilogue."""
    down, across = 1, 1
    if block == ONE_BLOCK:
        block = 0
    else:
        down, across = block_grid(M, N, K, a_transposed)
    s = block // (down * across)  # of a stack, matrix s
    block -= s * down * across
    c = borrowed_array(c_data, (s + 1, M, N))[s]
    c_in = borrowed_array(c_in_data, (c_in_rows, N))
    bias = borrowed_array(bias_data, (bias_size,))
    a = borrowed_array(a_data, (s + 1, K, M) if a_transposed else (s + 1, M, K))[s]
    b = borrowed_array(b_data, (s + 1, N, K) if b_transposed else (s + 1, K, N))[s]
    top, bottom, left, right = 0, M, 0, N
    if down * across > 1:
        top, bottom = split_range(M, MR, block // across, down)
        left, right = split_range(N, NR, block % across, across)
    rows = bottom - top
    down, across = -(-rows // MAX_ROWS), 1  # parts that the second cache holds
    if K > KC:
        across = max(1, -(-(right - left) // MAX_COLUMNS))
    for part in range(down * across):
        i, i_end = split_range(rows, MR, part // across, down)
        j, j_end = split_range(right - left, NR, part % across, across)
        gemm(c, c_in, bias, a, a_transposed, b, b_transposed,
             top + i, top + i_end, left + j, left + j_end)  # fmt: skip
    if epilogue in (RELU, GELU):
        out = borrowed_array(out_data, (M, N))
        for n in range(top, bottom):
            if epilogue == RELU:  # out is c
                relu_row(out[n, left:right])
            else:
                gelu_row(out[n, left:right], c[n, left:right])
    elif epilogue == BIAS_GRAD and left == 0:
        add_row_sum(borrowed_array(out_data, (M,))[top:bottom], a[:, top:bottom])


@njit(**HELPER)
def relu_row(row):
    """row = relu(row), where NaN stays NaN."""
    f = row.dtype.type
    for j in range(row.size):
        row[j] = f(0) if row[j] < f(0) else row[j]


@njit(**HELPER)
def gelu_row(out, row):
    """out = gelu(row)."""
    f = row.dtype.type
    for j in range(row.size):
        out[j] = gelu(row[j], f)


@njit(**HELPER)
def add_row_sum(out, rows):
    """out += Σ_n rows[n]."""
    for n in range(len(rows)):
        row = rows[n]
        for j in range(out.size):
            out[j] += row[j]


_N = types.intp
_COUNT_SIGNATURE = _N(_N, _N, _N, _N)


def _block_signature(p):
    return types.void(_N, p, p, _N, p, _N, p, _N, p, _N, _N, _N, _N, p, _N)


count_blocks = types.ExternalFunction("microgpt_count_blocks", _COUNT_SIGNATURE)


def gemm_block_function(dtype):
    """The function that computes a block of a product, and its signature in C."""
    return _gemm_block, _block_signature(types.CPointer(dtype))


def _tiles():
    define_tiles()


def tiles_function():
    """The function beside which those of the tiles are, and its signature in C."""
    return _tiles, types.void()


@cache
def compile_tiles() -> None:
    """Compile the functions of tiles, which the product in float32 calls by name, or load them."""
    library = define_cfunc("microgpt_tiles", *tiles_function())
    for name in TILES:
        binding.add_symbol(name, library.get_pointer_to_function(name))


@cache
def compile_gemm(dtype: types.Type) -> None:
    """Compile what kernels of a dtype call by name, or load it from the cache.

    From now on they find it; without it they can be neither compiled nor loaded.
    """
    _compile_count_blocks()
    if dtype == types.float32:
        compile_tiles()
    define_cfunc(f"microgpt_gemm_block_{dtype}", *gemm_block_function(dtype))


@cache
def _compile_count_blocks() -> None:
    define_num_threads()
    define_cfunc(count_blocks.symbol, _count_blocks, _COUNT_SIGNATURE)


def _block_call(a_transposed, b_transposed):
    """The call of `_gemm_block` as kernels write it; an argument of None: absent.

    Where c, a and b are stacks, blocks are numbered through from the first matrix to the last.
    """

    @intrinsic
    def gemm_block(typing_context, block, c, c_in, bias, a, b, out, epilogue):
        for array in (c, c_in, bias, a, b, out):
            if isinstance(array, types.Array) and (array.layout, array.dtype) != ("C", c.dtype):
                raise TypingError(f"a product needs C-contiguous arrays of one dtype; got {array}")

        def codegen(context, builder, signature, arguments):
            def data_and_shape(i):
                array_type = signature.args[i]
                if isinstance(array_type, types.NoneType):
                    return pointer(None), [zero]
                array = context.make_array(array_type)(context, builder, arguments[i])
                return array.data, cgutils.unpack_tuple(builder, array.shape)

            pointer = context.get_value_type(c.dtype).as_pointer()
            index = context.get_value_type(types.intp)
            zero = index(0)
            block = context.cast(builder, arguments[0], signature.args[0], types.intp)
            epilogue = context.cast(builder, arguments[7], signature.args[7], types.intp)
            c_data, (*_, M, N) = data_and_shape(1)
            (c_in, (c_in_rows, *_)), (bias, (bias_size,)) = data_and_shape(2), data_and_shape(3)
            (a, a_shape), (b, _) = data_and_shape(4), data_and_shape(5)
            out, (out_size, *_) = data_and_shape(6)
            # Without anywhere to put its result, there is no epilogue.
            no_out = builder.icmp_signed("==", out_size, zero)
            values = [block, c_data, c_in, c_in_rows, bias, bias_size, a, index(a_transposed), b,
                      index(b_transposed), M, N, a_shape[-2 if a_transposed else -1], out,
                      builder.select(no_out, zero, epilogue)]  # fmt: skip
            function_type = ir.FunctionType(ir.VoidType(), [value.type for value in values])
            name = f"microgpt_gemm_block_{signature.args[1].dtype}"
            builder.call(
                cgutils.get_or_insert_function(builder.module, function_type, name), values
            )
            return context.get_dummy_value()

        return types.void(block, c, c_in, bias, a, b, out, epilogue), codegen

    return gemm_block


# c = a · b, a · bᵀ, aᵀ · b, in BLAS's letters.
gemm_nn, gemm_nt, gemm_tn = _block_call(0, 0), _block_call(0, 1), _block_call(1, 0)
