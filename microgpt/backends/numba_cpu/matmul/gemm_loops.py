"""The matrix product as loops one can read: the lesson, the tests' reference, float64's own kernel.

    for i in range(M):
        for j in range(N):
            for k in range(K):
                c[i, j] += a[i, k] * b[k, j]

This order loads two numbers for each product. Below, four rows of b at once make four products of
five loads, and memory is read in order: where b is transposed a number of c is a dot product of two
rows, else a row of c is a sum of multiples of rows of b.
"""

from numba import njit

from microgpt.backends.numba_cpu.jit.compile import HELPER


@njit(**HELPER)
def gemm_loops(c, c_in, bias, a, a_transposed, b, b_transposed, top, bottom, left, right):
    """c = c_in + bias + a · b in rows top … bottom − 1, columns left … right − 1; aᵀ, bᵀ if set.

    c_in and bias may have no elements; c_in may be c.
    """
    for i in range(top, bottom):
        out = c[i, left:right]
        init_row(out, c_in, bias, i, left)
        if b_transposed:
            add_dots(out, a[i], b[left:right])
        elif a_transposed:
            add_scaled_rows(out, a[:, i], b, left, right)
        else:
            add_scaled_rows(out, a[i], b, left, right)


@njit(**HELPER)
def init_row(out, c_in, bias, i, left):
    """out = c_in[i, left:] + bias[left:]."""
    row, bias_row = c_in[i, left:] if c_in.size else out, bias[left:]
    f = out.dtype.type
    for j in range(out.size):
        out[j] = row[j] if c_in.size else f(0)
    if bias.size:
        for j in range(out.size):
            out[j] += bias_row[j]


@njit(**HELPER)
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


@njit(**HELPER)
def add_scaled_rows(out, factors, b, left, right):
    """out += Σ_k factors[k] · b[k, left:right]: a row of a · b."""
    unrolled = len(b) // 4 * 4
    for k in range(0, unrolled, 4):
        r0, r1, r2, r3 = (
            b[k, left:right], b[k + 1, left:right], b[k + 2, left:right], b[k + 3, left:right]
        )  # fmt: skip
        f0, f1, f2, f3 = factors[k], factors[k + 1], factors[k + 2], factors[k + 3]
        for j in range(out.size):
            out[j] += f0 * r0[j] + f1 * r1[j] + f2 * r2[j] + f3 * r3[j]
    for k in range(unrolled, len(b)):
        factor, row = factors[k], b[k, left:right]
        for j in range(out.size):
            out[j] += factor * row[j]
