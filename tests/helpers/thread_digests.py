"""Digests of what the parallel kernels compute on 1, 2, 3 and 4 threads, as JSON.

A program of its own: Numba starts as many threads as NUMBA_NUM_THREADS says when it is loaded.
"""

import hashlib
import json

import numba
import numpy as np
from attention_runs import backward, forward, make_inputs

import microgpt as mg
from microgpt import backends
from microgpt.backends.numba_cpu.jit import kernel as jit_kernel
from microgpt.backends.shared_rules import SQUARES_CHUNK


def digest(arrays):
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def launch(name, *arguments):
    backends.get("numba").launch(name, *arguments)


def attention():
    for T, n_head, D in [(7, 4, 4), (16, 4, 4), (33, 3, 5), (70, 2, 32), (130, 5, 64)]:
        qkv, dy = make_inputs(40 if T <= 16 else 3, T, n_head, D, "float32")
        y, lse = forward(qkv, n_head)
        yield from (y, lse, backward(dy, y, lse, qkv, n_head))


def matmul():
    """Products large enough to be divided between threads."""
    for n, k, m in [(300, 130, 200), (40, 1024, 300), (1, 700, 900), (512, 64, 16)]:
        rng = np.random.default_rng([0, n, k, m])
        x, weight, bias, dy = (
            rng.normal(size=shape).astype("float32") for shape in ((n, k), (m, k), (m,), (n, m))
        )
        y, z, dx = np.empty_like(dy), np.empty_like(dy), np.empty_like(x)
        launch("linear_gelu_forward", y, z, x, weight, bias)
        launch("linear_backward", dx, weight, bias, dy, x, weight.copy(), 1)
        launch("linear_backward", x, weight, bias[:0], dy, x.copy(), weight.copy(), 1)
        dweight = np.full_like(weight, np.nan)
        launch("linear_backward", dx, dweight, bias[:0], dy, x, weight, 0)
        yield from (y, z, dx, weight, bias, x, dweight)


def quantized():
    """Products with codes: one row of x streams them, several multiply a widened share."""
    rng = np.random.default_rng(0)
    for n, k, m in [(1, 700, 900), (3, 64, 3000), (40, 512, 1500)]:
        x, scales, bias = (
            rng.normal(size=shape).astype("float32") for shape in ((n, k), (m,), (m,))
        )
        for codes in (rng.integers(-127, 128, (m, k), np.int8), rng.integers(0, 255, (m, k))):
            y = np.empty((n, m), np.float32)
            codes = codes if codes.dtype == np.int8 else (codes + 0x3F00).astype(np.uint16)
            launch("quantized_linear_forward", y, x, codes, scales, bias)
            yield y


def fused():
    """Norm, loss, embedding and optimiser kernels, whose sums could depend on who adds them."""
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape, np.float32)

    N, C, V = 130, 768, 1000
    x, dy, dx_in, dx = (normal(N, C) for _ in range(4))
    weight, bias, dweight, dbias = (normal(C) for _ in range(4))
    mean, rstd, lse, losses = (normal(N) for _ in range(4))
    logits, dwte, dwpe = normal(N, V), normal(V, C), normal(N, C)
    tokens = rng.integers(0, V, (2, N // 2)).astype(np.int32)
    sums, position = np.zeros(-(-V * C // SQUARES_CHUNK)), np.zeros(1, np.int32)
    data, grad, m, v = dwte.reshape(-1), normal(V * C), normal(V * C), normal(V * C) ** 2
    state = np.full(1, 0.1), np.ones(1), 0.9, 0.99, 1e-8, 0.1, 1001
    launch("layer_norm_forward", dx, mean, rstd, x, weight, bias, 1e-5)
    launch("layer_norm_backward", dx, dweight, dbias, dy, x, weight, mean, rstd, dx_in)
    launch("gelu_backward", dy.reshape(-1), dx.reshape(-1), x.reshape(-1))
    launch("cross_entropy_forward", losses, lse, logits, tokens.reshape(-1))
    launch("cross_entropy_backward", logits, mean, logits, lse, tokens.reshape(-1))
    launch("token_position_embedding_backward", dwte, dwpe, dy, tokens, position)
    launch("adamw_step_", data, grad, m, v, *state)
    launch("sum_of_squares_", sums, data)
    return dx, dy, dweight, dbias, losses, logits, dwte, dwpe, sums


def training():
    model = mg.GPT(mg.GPTConfig(n_embd=24, n_head=3, n_layer=2, block_size=13), seed=5)
    optimizer = mg.Adam(model.parameters(), 0.01)
    rng = np.random.default_rng(0)
    for _ in range(12):
        tokens = rng.integers(0, 27, (7, 13))
        optimizer.zero_grad()
        loss = model.loss(tokens, np.roll(tokens, -1, 1))
        loss.backward()
        optimizer.step()
        yield loss.numpy()
    for parameter in model.parameters():
        yield parameter.numpy()


if __name__ == "__main__":
    jit_kernel.PARALLEL_FROM = 1
    mg.use("numba")
    digests: dict[str, list[str]] = {}
    for threads in (1, 2, 3, 4):
        numba.set_num_threads(threads)
        for workload in (attention, matmul, quantized, fused, training):
            digests.setdefault(workload.__name__, []).append(digest(workload()))
        assert numba.get_num_threads() == threads
    kernels = backends.get("numba").kernels.values()
    variants = [rung for kernel in kernels for _, rung in getattr(kernel, "ladder", [(0, kernel)])]
    parallel = [v.function.__name__ for v in variants if "parallel" in vars(v)]
    print(json.dumps({"digests": digests, "parallel": parallel}))
