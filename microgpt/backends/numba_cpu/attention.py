"""One more token's attention over a cache of keys and values (B, H, S, D)."""

from numba import prange

from microgpt.backends.numba_cpu._compile import SerialKernel, kernel
from microgpt.backends.numba_cpu._rows import dot, softmax_row


@kernel(work=lambda cache, x, position: x.size)
def cache_write_(cache, x, position):
    """Put x (B, H, T, D) into the cache from `position` (1,) on."""
    B, H, T, D = x.shape
    start = position[0]
    for head in prange(B * H):
        b, h = head // H, head % H
        for t in range(T):
            for d in range(D):
                cache[b, h, start + t, d] = x[b, h, t, d]


@SerialKernel
def advance_(position, count):
    position[0] += count


@kernel(work=lambda y, weights, q, keys, values, position: keys.size)
def decode_attention_forward(y, weights, q, keys, values, position):
    """Attend with q (B, H, D) to the cached positions up to and including `position`."""
    f = q.dtype.type
    B, H, D = q.shape
    S = keys.shape[2]
    seen = position[0] + 1
    scale = f(D**-0.5)
    for head in prange(B * H):
        b, h = head // H, head % H
        out, row = y[b, h], weights[b, h]
        for s in range(seen):
            row[s] = dot(q[b, h], keys[b, h, s])
        softmax_row(row[:seen], row[:seen], scale)
        out[:] = f(0)
        for s in range(seen):
            value = values[b, h, s]
            for d in range(D):
                out[d] += row[s] * value[d]
        for s in range(seen, S):
            row[s] = f(0)
