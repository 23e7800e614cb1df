"""One more token's attention over a cache of keys and values (B, H, S, D)."""

import numpy as np
from numba import prange

from microgpt.backends.numba_cpu._compile import SerialKernel, kernel
from microgpt.backends.numba_cpu._intrinsics import exp, maximum


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
        query, out, row = q[b, h], y[b, h], weights[b, h]
        greatest = f(-np.inf)
        for s in range(seen):
            key = keys[b, h, s]
            score = f(0)
            for d in range(D):
                score += query[d] * key[d]
            row[s] = score * scale
            greatest = maximum(greatest, row[s])
        total = f(0)
        for s in range(seen):
            e = exp(row[s] - greatest)
            row[s] = e
            total += e
        out[:] = f(0)
        for s in range(seen):
            row[s] /= total
            value = values[b, h, s]
            for d in range(D):
                out[d] += row[s] * value[d]
        for s in range(seen, S):
            row[s] = f(0)
