"""The matrix product as loops that one can read: the lesson, the check on the tile, float64's own.

A number of c is a sum of products, and the plain loop loads two numbers for each product. Four rows
at once make four products of five loads. Where a row of a meets rows of b, sums are dot products;
where it meets columns, multiples of whole rows are added up: memory is always read in order.
"""

from numba import njit

from microgpt.backends.numba_cpu._compile import FLAGS


@njit(**FLAGS)
def add_dots(out, x, rows):
    """out[j] += x · rows[j]: a row of a · bᵀ."""
    f = x.dtype.type
    together = len(rows) // 4 * 4
    for j in range(0, together, 4):
        r0, r1, r2, r3 = rows[j], rows[j + 1], rows[j + 2], rows[j + 3]
        s0, s1, s2, s3 = f(0), f(0), f(0), f(0)
        for k in range(x.size):
            s0 += x[k] * r0[k]
            s1 += x[k] * r1[k]
            s2 += x[k] * r2[k]
            s3 += x[k] * r3[k]
        out[j] += s0
        out[j + 1] += s1
        out[j + 2] += s2
        out[j + 3] += s3
    for j in range(together, len(rows)):
        row, total = rows[j], f(0)
        for k in range(x.size):
            total += x[k] * row[k]
        out[j] += total


@njit(**FLAGS)
def add_rows(out, factors, rows):
    """out += the sum of factors[k] · rows[k]: a row of a · b."""
    together = len(rows) // 4 * 4
    for k in range(0, together, 4):
        r0, r1, r2, r3 = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
        f0, f1, f2, f3 = factors[k], factors[k + 1], factors[k + 2], factors[k + 3]
        for j in range(out.size):
            out[j] += f0 * r0[j] + f1 * r1[j] + f2 * r2[j] + f3 * r3[j]
    for k in range(together, len(rows)):
        factor, row = factors[k], rows[k]
        for j in range(out.size):
            out[j] += factor * row[j]


@njit(**FLAGS)
def begin(out, start, bias, i, left):
    """out = start + bias: what of row i lies from column `left` on."""
    f = out.dtype.type
    for j in range(out.size):
        out[j] = start[i, left + j] if start.size else f(0)
    if bias.size:
        added = bias[left:]
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
            add_rows(out, a[:, i], b[:, left:right])
        else:
            add_rows(out, a[i], b[:, left:right])
