"""How much work attention is, and into how many parts threads share it: by shape alone."""

import numba

from microgpt.backends.numba_cpu.jit.compile import HELPER


def forward_work(y, lse, qkv, n_head, *dropout):
    """Two products (scores, weighted sum) of T · T · D numbers in each head, and exponentials."""
    return _work(qkv, n_head, products=2)


def backward_work(dqkv, dy, y, lse, qkv, n_head, *dropout):
    """Five products: scores, dprobs, and the gradients of queries, keys and values."""
    return _work(qkv, n_head, products=5)


def _work(qkv, n_head, products):
    B, T, C3 = qkv.shape
    return B * n_head * T * T * (products * C3 // (3 * n_head) + 32) // 16


@numba.njit(**HELPER)
def count_chunks(count, T, size):
    """Into how many chunks of some microseconds `count` heads or texts are divided."""
    return min(count, 1 + count * T * T * size // 2**17)


@numba.njit(**HELPER)
def chunk_bounds(count, chunk, chunks):
    """The first and the last + 1 of chunk number `chunk`."""
    return count * chunk // chunks, count * (chunk + 1) // chunks
