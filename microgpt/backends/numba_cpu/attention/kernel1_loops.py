"""Causal self-attention as plain loops: one query of one head after the other.

The lesson, and what every faster kernel of this folder is tested against. A thread owns a head of a
text. q, k and v are the first columns of the head's queries, keys and values in qkv (B, T, 3C), o
that of its output in y (B, T, C), where C = n_head · D.
"""

import math

import numpy as np

from microgpt.backends.numba_cpu.attention.work import backward_work, forward_work
from microgpt.backends.numba_cpu.jit.compile import COUNT_REFERENCES
from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange


@kernel(work=forward_work, flags=COUNT_REFERENCES)
def self_attention_forward(y, lse, qkv, n_head):
    """y[t] = Σ_s probs[t, s] · value[s], probs = softmax(query[t] · key[s] / √D) over s ≤ t.

    qkv (B, T, 3C) -> y (B, T, C), and for backward lse (B, H, T) = log(Σ exp(scores)).
    """
    f = qkv.dtype.type
    B, T, C = y.shape
    D = C // n_head
    scale = f(1) / math.sqrt(f(D))
    for head in prange(B * n_head):
        b, h = head // n_head, head % n_head
        q, k, v, o = h * D, C + h * D, 2 * C + h * D, h * D
        scores = np.empty(T, y.dtype)
        for t in range(T):
            # Pass 1: the scores of this query and each key up to its own, and their maximum.
            row_max = f(-np.inf)
            for s in range(t + 1):
                score = f(0)
                for d in range(D):
                    score += qkv[b, t, q + d] * qkv[b, s, k + d]
                scores[s] = score * scale
                row_max = max(row_max, scores[s])
            # Pass 2: exp and sum; the maximum is subtracted, so that exp never overflows.
            row_sum = f(0)
            for s in range(t + 1):
                scores[s] = math.exp(scores[s] - row_max)
                row_sum += scores[s]
            # Pass 3: the softmax.
            for s in range(t + 1):
                scores[s] /= row_sum
            # Pass 4: the sum of the values, each weighted by its probability.
            for d in range(D):
                y[b, t, o + d] = f(0)
            for s in range(t + 1):
                for d in range(D):
                    y[b, t, o + d] += scores[s] * qkv[b, s, v + d]
            lse[b, h, t] = row_max + math.log(row_sum)


@kernel(work=backward_work)
def self_attention_backward(dqkv, dy, y, lse, qkv, n_head):
    """The gradients of queries, keys and values; the probabilities are computed again from lse.

        dscore[t, s] = prob[t, s] · (dprob[t, s] − delta[t]), where dprob[t, s] = dy[t] · value[s]
        and delta[t] = Σ_s prob[t, s] · dprob[t, s] = dy[t] · y[t]

    dy, y (B, T, C), lse (B, H, T), qkv (B, T, 3C) -> dqkv (B, T, 3C)
    """
    f = qkv.dtype.type
    B, T, C = dy.shape
    D = C // n_head
    scale = f(1) / math.sqrt(f(D))
    for head in prange(B * n_head):
        b, h = head // n_head, head % n_head
        q, k, v, o = h * D, C + h * D, 2 * C + h * D, h * D
        for t in range(T):
            for d in range(D):
                dqkv[b, t, q + d] = dqkv[b, t, k + d] = dqkv[b, t, v + d] = f(0)
        for t in range(T):
            delta = f(0)
            for d in range(D):
                delta += dy[b, t, o + d] * y[b, t, o + d]
            for s in range(t + 1):
                # Back through the weighted sum and, once more, forward through the score.
                score, dprob = f(0), f(0)
                for d in range(D):
                    score += qkv[b, t, q + d] * qkv[b, s, k + d]
                    dprob += dy[b, t, o + d] * qkv[b, s, v + d]
                # Back through the softmax.
                prob = math.exp(score * scale - lse[b, h, t])
                dscore = prob * (dprob - delta) * scale
                # Back to the query, to the key and to the value.
                for d in range(D):
                    dqkv[b, t, q + d] += dscore * qkv[b, s, k + d]
                    dqkv[b, s, k + d] += dscore * qkv[b, t, q + d]
                    dqkv[b, s, v + d] += prob * dy[b, t, o + d]
