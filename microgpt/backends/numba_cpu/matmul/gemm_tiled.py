"""The product of two matrices: loops that bring the operands to the register tile.

The inner dimension is cut into steps of DEPTH, so that what the tile reads again and again stays in
the first two caches. Of b, a panel of WIDTH columns is copied together, and transposed on the way,
where its columns are rows in memory or its rows lie far apart. a is read where it is.
"""

from numba import njit

from microgpt.backends.numba_cpu.jit.compile import FLAGS
from microgpt.backends.numba_cpu.matmul.gemm_loops import add_dots, begin
from microgpt.backends.numba_cpu.matmul.llvm_simd import HEIGHT, WIDTH
from microgpt.backends.numba_cpu.matmul.micro_kernel import tile
from microgpt.backends.numba_cpu.matmul.packing import DEPTH, PANEL, pack
from microgpt.backends.numba_cpu.matmul.strided_matrix import (
    absent,
    address,
    matrix,
    part,
    scratch,
    turned,
)

FAR = 768  # numbers from a row of b to the next, from where copying pays
FEW, FROM_MEMORY = 4, 65_536  # rows of a that wait for a b of so many numbers, not for products


@njit(**FLAGS)
def multiply_in_tiles(c, start, bias, a, a_turned, b, b_turned, top, bottom, left, right):
    """c = start + bias + a · b between these rows and columns, with aᵀ or bᵀ where so told.

    `start` and `bias` may have no elements; `start` may be c.
    """
    few = len(a) == 1 or (len(a) <= FEW and b.size >= FROM_MEMORY)
    if b_turned and few:  # not worth transposing b for
        for i in range(top, bottom):
            begin(c[i, left:right], start, bias, i, left)
            add_dots(c[i, left:right], a[i], b[left:right])
        return
    depth = a.shape[0] if a_turned else a.shape[1]
    rows, columns = bottom - top, right - left
    result = part(matrix(address(c), c.shape[1], 1), top, left)
    first, added = absent(), absent()
    if start.size:
        first = part(matrix(address(start), start.shape[1], 1), top, left)
    if bias.size:
        added = part(matrix(address(bias), 0, 1), 0, left)
    front, side = matrix(address(a), a.shape[1], 1), matrix(address(b), b.shape[1], 1)
    front = part(turned(front) if a_turned else front, top, 0)
    side = part(turned(side) if b_turned else side, 0, left)

    panel = matrix(scratch(PANEL), WIDTH, 1)
    copies = b_turned or (side.down >= FAR and rows > 2 * HEIGHT)
    for k in range(0, max(depth, 1), DEPTH):
        step = min(DEPTH, depth - k)
        for j in range(0, columns, WIDTH):
            width = min(WIDTH, columns - j)
            b_now = part(side, k, j)
            if copies:
                pack(panel, b_now, step, width)
                b_now = panel
            for i in range(0, rows, HEIGHT):
                tile(min(HEIGHT, rows - i), width, step, part(result, i, j), part(first, i, j),
                     part(added, i, j), part(front, i, k), b_now)  # fmt: skip
        first, added = result, absent()
