"""The product of two matrices: loops that bring the operands to the register tile.

The inner dimension is cut into steps of DEPTH, so that what the tile reads again and again stays in
the first two caches. Of b, what stands in columns is transposed, one panel of WIDTH columns at a
time; what stands in rows is read where it is. So is a, but for rows that lie a multiple of 4 KiB
apart: they would compete for the same few places of the first cache, and are copied together.
"""

from numba import njit

from microgpt.backends.numba_cpu._compile import FLAGS
from microgpt.backends.numba_cpu.matmul.matrix import (
    absent,
    address,
    matrix,
    part,
    scratch,
    turned,
)
from microgpt.backends.numba_cpu.matmul.packing import SLACK, pack
from microgpt.backends.numba_cpu.matmul.readable import add_dots, begin
from microgpt.backends.numba_cpu.matmul.tile import tile
from microgpt.backends.numba_cpu.matmul.vectors import HEIGHT, WIDTH

DEPTH = 256
ROWS = 11 * HEIGHT  # of a that are copied together
PANEL, BLOCK = WIDTH * DEPTH + SLACK, ROWS * DEPTH + SLACK
CROWDED = 1024  # numbers in 4 KiB
FAR = 768  # numbers from row to row, from where copying pays


@njit(**FLAGS)
def multiply_in_tiles(c, start, bias, a, a_turned, b, b_turned, top, bottom, left, right):
    """c = start + bias + a · b between these rows and columns, with aᵀ or bᵀ where so told.

    `start` and `bias` may have no elements; `start` may be c.
    """
    if b_turned and len(a) == 1:  # too few sums to transpose b for
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

    panel, block = matrix(scratch(PANEL), WIDTH, 1), scratch(BLOCK)
    packs_a = not a_turned and front.down % CROWDED == 0 and columns > WIDTH
    packs_b = b_turned or (side.down >= FAR and rows > 2 * HEIGHT)
    together = ROWS if packs_a else max(rows, 1)
    for k in range(0, max(depth, 1), DEPTH):
        step = min(DEPTH, depth - k)
        copied = matrix(block, step, 1)  # HEIGHT rows after HEIGHT rows
        for i in range(0, rows, together):
            to = min(rows, i + together)
            if packs_a:
                for n in range(i, to, HEIGHT):
                    target = matrix(part(copied, n - i, 0).place, 1, HEIGHT)
                    pack(target, part(front, n, k), min(HEIGHT, to - n), step)
            for j in range(0, columns, WIDTH):
                width = min(WIDTH, columns - j)
                b_now = part(side, k, j)
                if packs_b:
                    pack(turned(panel), turned(b_now), width, step)
                    b_now = panel
                for n in range(i, to, HEIGHT):
                    a_now = part(front, n, k)
                    if packs_a:
                        a_now = matrix(part(copied, n - i, 0).place, 1, HEIGHT)
                    tile(min(HEIGHT, to - n), width, step, part(result, n, j), part(first, n, j),
                         part(added, n, j), a_now, b_now)  # fmt: skip
        first, added = result, absent()
