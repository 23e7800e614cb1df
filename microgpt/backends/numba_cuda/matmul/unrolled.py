"""`registers`, with its innermost loop written out.

A loop counts, compares and jumps; and a compiler cannot move the loads of one k among the products
of another. Written out, the eight steps of a tile are one long run of instructions, most of which
multiply and add.
"""

from microgpt.backends.numba_cuda._launch import device
from microgpt.backends.numba_cuda.matmul.registers import make_register_tiles, multiply_column


def make_unrolled(a_transposed, b_transposed, store, is_aligned):
    """Return the kernel for two storages and for what is to become of each sum."""
    return make_register_tiles(
        a_transposed, b_transposed, store, is_aligned, multiply_tile_unrolled
    )


@device
def multiply_tile_unrolled(left, right, sums, rows, columns, buffer, x, y):
    """sums[i, j] += Σ_k of a tile, for the 8 × 8 elements of a thread."""
    multiply_column(left, right, sums, rows, columns, buffer, 0, x, y)
    multiply_column(left, right, sums, rows, columns, buffer, 1, x, y)
    multiply_column(left, right, sums, rows, columns, buffer, 2, x, y)
    multiply_column(left, right, sums, rows, columns, buffer, 3, x, y)
    multiply_column(left, right, sums, rows, columns, buffer, 4, x, y)
    multiply_column(left, right, sums, rows, columns, buffer, 5, x, y)
    multiply_column(left, right, sums, rows, columns, buffer, 6, x, y)
    multiply_column(left, right, sums, rows, columns, buffer, 7, x, y)
