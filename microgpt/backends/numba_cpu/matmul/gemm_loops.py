"""The matrix product as loops that one can read: the lesson, the check on the tile, float64's own.

A number of c is a sum of products, and the plain loop loads two numbers for each product. Four rows
at once make four products of five loads. Where a row of a meets rows of b, sums are dot products;
where it meets columns, multiples of whole rows are added up: memory is always read in order.
"""

from numba import njit

from microgpt.backends.numba_cpu.jit.compile import FLAGS


@njit(**FLAGS)
def add_dots(out, x, rows):
    """out[j] += x · rows[j]: a row of a · bᵀ."""
    f = x.dtype.type
    n = len(rows) // 4  # four rows at once, each the next one of its quarter: memory in order
    for j in range(n):
        r0, r1, r2, r3 = rows[j], rows[n + j], rows[2 * n + j], rows[3 * n + j]
        s0, s1, s2, s3 = f(0), f(0), f(0), f(0)
        for k in range(x.size):
            s0 += x[k] * r0[k]
            s1 += x[k] * r1[k]
            s2 += x[k] * r2[k]
            s3 += x[k] * r3[k]
        out[j] += s0
        out[n + j] += s1
        out[2 * n + j] += s2
        out[3 * n + j] += s3
    for j in range(4 * n, len(rows)):
        row, total = rows[j], f(0)
        for k in range(x.size):
            total += x[k] * row[k]
        out[j] += total


@njit(**FLAGS)
def add_rows(out, factors, b, left, right):
    """out += the sum of factors[k] · b[k, left:right]: a row of a · b."""
    together = len(b) // 4 * 4
    for k in range(0, together, 4):
        r0, r1, r2, r3 = (
            b[k, left:right], b[k + 1, left:right], b[k + 2, left:right], b[k + 3, left:right]
        )  # fmt: skip
        f0, f1, f2, f3 = factors[k], factors[k + 1], factors[k + 2], factors[k + 3]
        for j in range(out.size):
            out[j] += f0 * r0[j] + f1 * r1[j] + f2 * r2[j] + f3 * r3[j]
    for k in range(together, len(b)):
        factor, row = factors[k], b[k, left:right]
        for j in range(out.size):
            out[j] += factor * row[j]


@njit(**FLAGS)
def begin(out, start, bias, i, left):
    """out = start + bias: what of row i lies from column `left` on."""
    row, added = start[i, left:] if start.size else out, bias[left:]
    f = out.dtype.type
    for j in range(out.size):
        out[j] = row[j] if start.size else f(0)
    if bias.size:
        for j in range(out.size):
            out[j] += added[j]


@njit(**FLAGS)
def multiply_in_loops(c, start, bias, a, a_turned, b, b_turned, top, bottom, left, right):
    """c = start + bias + a · b between these rows and columns, with aᵀ or bᵀ where so told.

    `start` and `bias` may have no elements; `start` may be c.
    """
    for i in range(top, bottom):
        out = c[i, left:right]
        begin(out, start, bias, i, left)
        if b_turned:
            add_dots(out, a[i], b[left:right])
        elif a_turned:
            add_rows(out, a[:, i], b, left, right)
        else:
            add_rows(out, a[i], b, left, right)
