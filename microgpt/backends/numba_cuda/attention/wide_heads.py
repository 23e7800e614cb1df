"""Attention for heads of any size, a warp a query: what heads use that are too wide for tiles.

The lanes of a warp share the features, lane, lane + 32, … Sums grow in the output itself.
"""

import math

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._dropout_mask import kept_bits
from microgpt.backends.numba_cuda._launch import BLOCK, WARP, cover, device, threads
from microgpt.backends.numba_cuda._warps import warp_sum


def wide_forward(y, lse, qkv, dropout):
    """`self_attention_forward`, and with dropout."""
    _wide_forward[cover(lse.size, BLOCK // WARP), BLOCK](y, lse, qkv, *dropout)


@threads(registers=168)
def _wide_forward(y, lse, qkv, rng_state, layer_id, threshold, scale):
    f = qkv.dtype.type
    H, T, C = lse.shape[1], lse.shape[2], y.shape[2]
    D, lane = C // H, cuda.threadIdx.x % 32
    for n in range(cuda.grid(1) // 32, lse.size, cuda.gridsize(1) // 32):
        b, column, query = n // (H * T), n // T % H * D, n % T
        for d in range(lane, D, 32):
            y[b, query, column + d] = f(0)
        max_score, total = f(-math.inf), f(0)
        for key in range(query + 1):
            score = dot(qkv, query, column, qkv, key, C + column, b, D) / math.sqrt(f(D))
            new_max = max(max_score, score)
            shrink, weight = math.exp(max_score - new_max), math.exp(score - new_max)
            total = total * shrink + weight
            max_score = new_max
            weight *= mask_factor(n, key, qkv, rng_state, layer_id, threshold, scale)
            for d in range(lane, D, 32):
                value = qkv[b, key, 2 * C + column + d]
                y[b, query, column + d] = y[b, query, column + d] * shrink + weight * value
        for d in range(lane, D, 32):
            y[b, query, column + d] /= total
        if lane == 0:
            lse[b, n // T % H, query] = max_score + math.log(total)


def wide_backward(dqkv, dy, lse, delta, qkv, dropout):
    """`self_attention_backward`, and with dropout: a warp a key, then a warp a query."""
    for launch in (_wide_dk_dv, _wide_dq):
        launch[cover(lse.size, BLOCK // WARP), BLOCK](dqkv, dy, lse, delta, qkv, *dropout)


@threads(registers=168)
def _wide_dk_dv(dqkv, dy, lse, delta, qkv, rng_state, layer_id, threshold, scale):
    f = qkv.dtype.type
    H, T, C = lse.shape[1], lse.shape[2], dy.shape[2]
    D, lane = C // H, cuda.threadIdx.x % 32
    for n in range(cuda.grid(1) // 32, lse.size, cuda.gridsize(1) // 32):
        b, h, key = n // (H * T), n // T % H, n % T
        column = h * D
        for d in range(lane, D, 32):
            dqkv[b, key, C + column + d] = f(0)
            dqkv[b, key, 2 * C + column + d] = f(0)
        for query in range(key, T):
            factor = mask_factor(n - key + query, key, qkv, rng_state, layer_id, threshold, scale)
            prob, dscore = score_gradient(dy, lse, delta, qkv, b, h, query, key, factor)
            for d in range(lane, D, 32):
                dqkv[b, key, C + column + d] += dscore * qkv[b, query, column + d]
                dqkv[b, key, 2 * C + column + d] += prob * factor * dy[b, query, column + d]


@threads(registers=168)
def _wide_dq(dqkv, dy, lse, delta, qkv, rng_state, layer_id, threshold, scale):
    f = qkv.dtype.type
    H, T, C = lse.shape[1], lse.shape[2], dy.shape[2]
    D, lane = C // H, cuda.threadIdx.x % 32
    for n in range(cuda.grid(1) // 32, lse.size, cuda.gridsize(1) // 32):
        b, h, query = n // (H * T), n // T % H, n % T
        column = h * D
        for d in range(lane, D, 32):
            dqkv[b, query, column + d] = f(0)
        for key in range(query + 1):
            factor = mask_factor(n, key, qkv, rng_state, layer_id, threshold, scale)
            _, dscore = score_gradient(dy, lse, delta, qkv, b, h, query, key, factor)
            for d in range(lane, D, 32):
                dqkv[b, query, column + d] += dscore * qkv[b, key, C + column + d]


@device
def score_gradient(dy, lse, delta, qkv, b, h, query, key, factor):
    """A probability, and the gradient of q · k from which it came."""
    f = qkv.dtype.type
    C = dy.shape[2]
    D = C // lse.shape[1]
    column, root = h * D, math.sqrt(f(D))
    score = dot(qkv, query, column, qkv, key, C + column, b, D) / root
    dprob = dot(dy, query, column, qkv, key, 2 * C + column, b, D) * factor
    prob = math.exp(score - lse[b, h, query])
    return prob, prob * (dprob - delta[b, h, query]) / root


@device
def dot(x, row, column, other, other_row, other_column, b, D):
    """The scalar product of D features of two rows of a text, known to all lanes of a warp."""
    total = x.dtype.type(0)
    for d in range(cuda.threadIdx.x % 32, D, 32):
        total += x[b, row, column + d] * other[b, other_row, other_column + d]
    return warp_sum(total)


@device
def mask_factor(row, key, qkv, rng_state, layer_id, threshold, scale):
    """What dropout multiplies a probability by; `row` is (b · H + h) · T + query."""
    f = qkv.dtype.type
    if rng_state.size == 0:
        return f(1)
    bits = kept_bits(row, key // 4 * 4, rng_state, layer_id, threshold)
    return f(scale) if bits >> key % 4 & 1 else f(0)
