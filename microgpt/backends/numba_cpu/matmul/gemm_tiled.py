"""The matrix product in float32: loops that bring the operands to the micro-kernel.

Adds sums in registers (`micro_kernel.py`), columns of b packed together (`packing.py`) and an inner
dimension cut into steps of KC, so that what the micro-kernel reads again and again stays in the
first two caches. a is read where it lies.

Gained: a training step on the letters or on the 32 texts takes a third of the time, in GPT-2's
width a fifth (`microgpt bench --workloads char,batch,gpt2`, against the loops in float32 too:
`_gemm` in `blocking.py`). Did not help, within 3 %: a KC of 128 or 512, and to pack b always.
"""

from numba import njit

from microgpt.backends.numba_cpu.jit.compile import HELPER
from microgpt.backends.numba_cpu.matmul.gemm_loops import add_dots, init_row
from microgpt.backends.numba_cpu.matmul.llvm_simd import MR, NR
from microgpt.backends.numba_cpu.matmul.micro_kernel import micro_kernel
from microgpt.backends.numba_cpu.matmul.packing import KC, PANEL_SIZE, pack_panel
from microgpt.backends.numba_cpu.matmul.strided_matrix import (
    data_pointer,
    null_matrix,
    stack_alloc,
    strided_matrix,
    submatrix,
    transpose,
)

MIN_PACKED_STRIDE = 768  # numbers from a row of b to the next, from where packing is faster
# Up to so many rows of a wait for a bᵀ of so many numbers to come from memory, not for products.
FEW_ROWS, MIN_STREAMED = 4, 65_536


@njit(**HELPER)
def gemm_tiled(c, c_in, bias, a, a_transposed, b, b_transposed, top, bottom, left, right):
    """c = c_in + bias + a · b in rows top … bottom − 1, columns left … right − 1; aᵀ, bᵀ if set.

    c_in and bias may have no elements; c_in may be c.
    """
    few_rows = len(a) == 1 or (len(a) <= FEW_ROWS and b.size >= MIN_STREAMED)
    if b_transposed and few_rows:  # not worth transposing b for
        for i in range(top, bottom):
            init_row(c[i, left:right], c_in, bias, i, left)
            add_dots(c[i, left:right], a[i], b[left:right])
        return
    K = a.shape[0] if a_transposed else a.shape[1]
    rows, columns = bottom - top, right - left
    c_block = submatrix(strided_matrix(data_pointer(c), c.shape[1], 1), top, left)
    c_in_block, bias_block = null_matrix(), null_matrix()
    if c_in.size:
        c_in_block = submatrix(strided_matrix(data_pointer(c_in), c_in.shape[1], 1), top, left)
    if bias.size:
        bias_block = submatrix(strided_matrix(data_pointer(bias), 0, 1), 0, left)
    a_block = strided_matrix(data_pointer(a), a.shape[1], 1)
    b_block = strided_matrix(data_pointer(b), b.shape[1], 1)
    a_block = submatrix(transpose(a_block) if a_transposed else a_block, top, 0)
    b_block = submatrix(transpose(b_block) if b_transposed else b_block, 0, left)

    panel = strided_matrix(stack_alloc(PANEL_SIZE), NR, 1)
    packs = b_transposed or (b_block.row_stride >= MIN_PACKED_STRIDE and rows > 2 * MR)
    for k in range(0, max(K, 1), KC):
        depth = min(KC, K - k)
        for j in range(0, columns, NR):
            width = min(NR, columns - j)
            b_panel = submatrix(b_block, k, j)
            if packs:
                pack_panel(panel, b_panel, depth, width)
                b_panel = panel
            for i in range(0, rows, MR):
                micro_kernel(
                    min(MR, rows - i), width, depth, submatrix(c_block, i, j),
                    submatrix(c_in_block, i, j), submatrix(bias_block, i, j),
                    submatrix(a_block, i, k), b_panel,
                )  # fmt: skip
        c_in_block, bias_block = c_block, null_matrix()
