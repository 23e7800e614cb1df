"""The matrix product in float32: loops that bring the operands to the micro-kernel.

Adds sums in registers (`micro_kernel.py`), operands packed into panels (`packing.py`) and an inner
dimension cut into steps of KC, so that what the micro-kernel reads again and again stays in the
first two caches. a is read where it lies, unless it is transposed or its rows are long.

Gained: a training step on the letters or on the 32 texts takes a third of the time, in GPT-2's
width a fifth (`microgpt bench --workloads char,batch,gpt2`, against the loops in float32 too:
`_gemm` in `blocking.py`). `docs/diary.md` tells what packing gained, and what did not help.
"""

from numba import njit

from microgpt.backends.numba_cpu.jit.compile import HELPER
from microgpt.backends.numba_cpu.matmul.gemm_loops import add_dots, init_row
from microgpt.backends.numba_cpu.matmul.llvm_simd import MR, NR
from microgpt.backends.numba_cpu.matmul.micro_kernel import micro_kernel
from microgpt.backends.numba_cpu.matmul.packing import (
    A_PANEL_SIZE,
    A_PANELS_SIZE,
    B_PANEL_SIZE,
    B_PANELS_SIZE,
    KC,
    STRIP,
    pack_columns,
    pack_rows,
)
from microgpt.backends.numba_cpu.matmul.strided_matrix import (
    data_pointer,
    null_matrix,
    stack_alloc,
    strided_matrix,
    submatrix,
    transpose,
)

MIN_REUSE = 4  # tiles that read a packed panel, from where packing pays
# a's rows that lie in order are packed only if long, for many tiles: six at once, each on another
# page of memory, are not fetched ahead as one panel is.
LONG_ROW, MIN_ROW_REUSE = 512, 12
MAX_UNPACKED = 4096  # numbers of b that the first cache holds as they lie
# Up to so many rows of a wait for a bᵀ of so many numbers to come from memory, not for products.
FEW_ROWS, MIN_STREAMED = 4, 65_536


@njit(**HELPER)
def gemm_tiled(c, c_in, bias, a, a_transposed, b, b_transposed, top, bottom, left, right):
    """c = c_in + bias + a · b in rows top … bottom − 1, columns left … right − 1; aᵀ, bᵀ if set.

    c_in and bias may have no elements; c_in may be c. a's panels have room for MAX_ROWS rows.
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

    a_panels = strided_matrix(stack_alloc(A_PANELS_SIZE), A_PANEL_SIZE, 1)
    b_panels = strided_matrix(stack_alloc(B_PANELS_SIZE), B_PANEL_SIZE, 1)
    reuse = columns // NR
    packs_a = reuse >= MIN_REUSE if a_transposed else K >= LONG_ROW and reuse >= MIN_ROW_REUSE
    packs_b = b_transposed or (rows > MIN_REUSE * MR and b.size > MAX_UNPACKED)
    for k in range(0, max(K, 1), KC):
        depth = min(KC, K - k)
        if packs_a:
            pack_rows(a_panels, submatrix(a_block, 0, k), rows, depth)
        for strip in range(0, columns, STRIP):
            end = min(strip + STRIP, columns)
            if packs_b:
                pack_columns(b_panels, submatrix(b_block, k, strip), depth, end - strip)
            for j in range(strip, end, NR):
                b_tile = submatrix(b_block, k, j)
                if packs_b:
                    b_tile = strided_matrix(
                        submatrix(b_panels, (j - strip) // NR, 0).pointer, NR, 1
                    )
                for i in range(0, rows, MR):
                    a_tile = submatrix(a_block, i, k)
                    if packs_a:
                        a_tile = strided_matrix(submatrix(a_panels, i // MR, 0).pointer, 1, MR)
                    micro_kernel(
                        min(MR, rows - i), min(NR, columns - j), depth, submatrix(c_block, i, j),
                        submatrix(c_in_block, i, j), submatrix(bias_block, i, j), a_tile, b_tile,
                    )  # fmt: skip
        c_in_block, bias_block = c_block, null_matrix()
