"""The fused attention kernels: their formula in float64, their edges, and no look at the future."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from microgpt import backends

SIZES = (0, 1, 2, 7, 16, 31, 32, 33, 65, 130)
HEADS = [(1, 1), (2, 3), (4, 4), (2, 5), (1, 16), (4, 32), (2, 64)]  # n_head, D
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def split(x, n_head):
    """(B, T, C) -> (B, H, T, D), in float64."""
    B, T, C = x.shape
    return x.reshape(B, T, n_head, C // n_head).transpose(0, 2, 1, 3).astype(np.float64)


def join(x):
    B, H, T, D = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, T, H * D)


def attention(qkv, dy, n_head):
    """y, lse and dqkv by the formula, one query after the other."""
    q, k, v = (split(part, n_head) for part in np.split(qkv, 3, axis=2))
    D = q.shape[3]
    upstream = split(dy, n_head)
    y, lse = np.zeros_like(q), np.zeros(q.shape[:3])
    dq, dk, dv = np.zeros_like(q), np.zeros_like(q), np.zeros_like(q)
    for t in range(q.shape[2]):
        past = slice(0, t + 1)
        scores = np.einsum("bhd,bhsd->bhs", q[:, :, t], k[:, :, past]) / np.sqrt(D)
        lse[:, :, t] = np.log(np.exp(scores).sum(axis=2))
        p = np.exp(scores - lse[:, :, t, None])
        y[:, :, t] = np.einsum("bhs,bhsd->bhd", p, v[:, :, past])
        dp = np.einsum("bhd,bhsd->bhs", upstream[:, :, t], v[:, :, past])
        ds = p * (dp - (p * dp).sum(axis=2, keepdims=True)) / np.sqrt(D)
        dq[:, :, t] = np.einsum("bhs,bhsd->bhd", ds, k[:, :, past])
        dk[:, :, past] += ds[..., None] * q[:, :, t, None]
        dv[:, :, past] += p[..., None] * upstream[:, :, t, None]
    return join(y), lse, np.concatenate([join(dq), join(dk), join(dv)], axis=2)


def forward(qkv, n_head):
    B, T, C3 = qkv.shape
    k = backends.current()
    y, lse = k.empty((B, T, C3 // 3), qkv.dtype), k.empty((B, n_head, T), qkv.dtype)
    k.launch("self_attention_forward", y, lse, qkv, n_head)
    return y, lse


def backward(dy, y, lse, qkv, n_head):
    k = backends.current()
    dqkv = k.empty(qkv.shape, qkv.dtype)
    k.launch("self_attention_backward", dqkv, dy, y, lse, qkv, n_head)
    return dqkv


def inputs(rows, length, n_head, size, dtype="float64"):
    """qkv and dy of `rows` texts, with heads of `size` numbers."""
    rng = np.random.default_rng(0)
    qkv = rng.standard_normal((rows, length, 3 * n_head * size))
    return qkv.astype(dtype), rng.standard_normal((rows, length, n_head * size)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", SIZES)
def test_values_and_gradients_are_the_formulas(backend, length, dtype):
    for n_head, size in HEADS:
        qkv, dy = inputs(2, length, n_head, size, dtype)
        kept = qkv.copy(), dy.copy()
        y, lse = forward(qkv, n_head)
        dqkv = backward(dy, y, lse, qkv, n_head)
        for ours, exact in zip((y, lse, dqkv), attention(qkv, dy, n_head), strict=True):
            assert ours.dtype == dtype
            np.testing.assert_allclose(
                ours,
                exact,
                rtol=TOLERANCE[dtype],
                atol=TOLERANCE[dtype],
                err_msg=f"{n_head} {size}",
            )
        np.testing.assert_array_equal(qkv, kept[0])
        np.testing.assert_array_equal(dy, kept[1])


@pytest.mark.parametrize(("length", "n_head", "size"), [(5, 2, 4), (5, 2, 3), (18, 1, 2)])
def test_gradients_are_measured_slopes(backend, length, n_head, size):
    qkv, dy = inputs(1, length, n_head, size)
    y, lse = forward(qkv, n_head)
    dqkv = backward(dy, y, lse, qkv, n_head)
    step = 1e-6
    for place in np.ndindex(qkv.shape):
        up, down = qkv.copy(), qkv.copy()
        up[place] += step
        down[place] -= step
        slope = ((forward(up, n_head)[0] - forward(down, n_head)[0]) * dy).sum() / (2 * step)
        assert dqkv[place] == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("length", "size"), [(7, 4), (16, 4), (7, 3), (33, 16), (65, 32)])
def test_the_future_has_no_influence(length, size, dtype):
    """Not even as NaN; a NaN in the past spreads."""
    n_head = 2
    C = n_head * size
    qkv, dy = inputs(2, length, n_head, size, dtype)
    with backends.using("numba"):
        clean = forward(qkv, n_head)
        dqkv = backward(dy, *clean, qkv, n_head)
        for now in range(length - 1):
            spoilt = qkv.copy()
            spoilt[:, now + 1 :] = np.nan
            y, lse = forward(spoilt, n_head)
            np.testing.assert_array_equal(y[:, : now + 1], clean[0][:, : now + 1])
            np.testing.assert_array_equal(lse[:, :, : now + 1], clean[1][:, :, : now + 1])
            assert np.isnan(y[:, now + 1 :]).all()
            after = backward(dy, y, lse, spoilt, n_head)
            np.testing.assert_array_equal(after[:, : now + 1, :C], dqkv[:, : now + 1, :C])


@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
@pytest.mark.parametrize("length", [3, 7, 16])
def test_what_a_query_does_not_see_gets_none_of_its_nan(length, spoilt):
    """In small heads, whose weights of the future are zeros: 0 · NaN is NaN."""
    qkv, dy = inputs(2, length, 4, 4)
    with backends.using("numba"):
        y, lse = forward(qkv, 4)
        clean = backward(dy, y, lse, qkv, 4)
        for now in range(length - 1):
            query, slope = qkv.copy(), dy.copy()
            query[:, now, :16] = spoilt
            slope[:, now] = spoilt
            later = slice(now + 1, None)
            with_query = backward(dy, y, lse, query, 4)
            np.testing.assert_array_equal(with_query[:, later], clean[:, later])
            assert not np.isfinite(with_query[:, : now + 1, 16:32]).any()
            with_slope = backward(slope, y, lse, qkv, 4)
            np.testing.assert_array_equal(with_slope[:, later], clean[:, later])
            assert not np.isfinite(with_slope[:, : now + 1, 32:]).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_number_that_is_none_reaches_no_query_before_it(dtype):
    qkv, _ = inputs(2, 16, 5, 4, dtype)  # a group of four heads, and one head more
    with backends.using("numba"):
        clean = forward(qkv, 5)[0]
        for channel in range(20):
            spoilt = qkv.copy()
            spoilt[1, 9, 40 + channel] = np.nan
            y = forward(spoilt, 5)[0]
            np.testing.assert_array_equal(y[:, :9], clean[:, :9])
            assert np.isnan(y[1, 9:, channel]).all()
            y[1, 9:, channel] = clean[1, 9:, channel]
            np.testing.assert_array_equal(y, clean)


def test_the_past_gets_no_gradient_of_what_it_does_not_see(backend):
    qkv, dy = inputs(1, 20, 2, 4)
    dy[:, :12] = 0
    dy[:, 13:] = 0  # only position 12 is asked
    dqkv = backward(dy, *forward(qkv, 2), qkv, 2)
    assert (dqkv[:, :12, :8] == 0).all()
    assert (dqkv[:, 13:] == 0).all()
    assert (dqkv[:, :13, 8:] != 0).all()


@pytest.mark.parametrize(("length", "size"), [(9, 4), (40, 8)])
def test_large_scores_do_not_overflow(backend, length, size):
    qkv, dy = inputs(1, length, 2, size, "float32")
    qkv[:, :, : 4 * size] *= 100  # queries and keys of both heads
    y, lse = forward(qkv, 2)
    assert np.isfinite(y).all()
    assert np.isfinite(backward(dy, y, lse, qkv, 2)).all()
    scores = np.einsum("bhtd,bhsd->bhts", *(split(x, 2) for x in np.split(qkv, 3, 2)[:2]))
    most = np.where(np.tri(length, dtype=bool), scores, -np.inf).max(axis=3) / np.sqrt(size)
    assert (lse >= most - np.abs(most) * 1e-5).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n_head", "size"), [*HEADS, (3, 20)])
def test_decoding_step_by_step_is_the_whole(backend, n_head, size, dtype):
    B, T, D = 2, 35, size
    qkv, _ = inputs(B, T, n_head, D, dtype)
    whole, _ = forward(qkv, n_head)
    k = backends.get(backend)
    keys = np.full((B, n_head, T + 3, D), np.nan, dtype)
    values = keys.copy()
    position = np.zeros(1, np.int32)
    for t in range(T):
        y = k.empty((B, n_head * D), dtype)
        k.launch("decode_self_attention_", y, keys, values, qkv[:, t].copy(), position, n_head)
        np.testing.assert_allclose(y, whole[:, t], rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
        k.launch("increment_position_", position, 1)
    _, k_part, v_part = (split(part, n_head) for part in np.split(qkv, 3, axis=2))
    np.testing.assert_array_equal(keys[:, :, :T], k_part)
    np.testing.assert_array_equal(values[:, :, :T], v_part)
    assert np.isnan(keys[:, :, T:]).all()
    assert np.isnan(values[:, :, T:]).all()


def test_an_empty_batch(backend):
    qkv, dy = inputs(0, 7, 2, 4)
    y, lse = forward(qkv, 2)
    assert backward(dy, y, lse, qkv, 2).shape == (0, 7, 24)


def variants(kernel):
    """The compiled kernels behind a name: small heads have some of their own."""
    return [kernel.blocks, *(small for _, small in kernel.small)]


def kernels():
    """All that is compiled for attention."""
    from microgpt.backends.numba_cpu import attention

    forward, backward = attention.self_attention_forward, attention.self_attention_backward
    return [*variants(forward), *variants(backward), attention.decode_self_attention_]


def test_sizes_alone_choose_the_kernel():
    from microgpt.backends.numba_cpu import attention

    blocks, turned, channels = variants(attention.self_attention_forward)
    for T, D, kernel in [
        *((16, 4, turned), (9, 4, turned), (8, 4, channels), (16, 2, channels), (4, 16, channels)),
        *((17, 4, blocks), (16, 8, blocks), (7, 3, blocks)),
    ]:
        qkv = np.zeros((2, T, 3 * 3 * D))
        picked = attention.self_attention_forward.select_variant((None, None, qkv, 3))
        assert picked == kernel.select_variant((None, None, qkv, 3)), (T, D)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_heads_in_every_kernel(dtype):
    """Many texts, so that each thread has several; nothing beside the outputs is written."""
    from microgpt.backends.numba_cpu import attention as compiled

    tolerance = 2e-5 if dtype == "float32" else 1e-12
    for B, T, n_head, size in [(1, 1, 3, 4), (5, 9, 7, 4), (2, 13, 1, 4), (3, 16, 3, 4),
                               (64, 16, 12, 4), (64, 12, 5, 4), (64, 16, 9, 2), (3, 7, 5, 8),
                               (0, 16, 4, 4)]:  # fmt: skip
        qkv, dy = inputs(B, T, n_head, size, dtype)
        expected = attention(qkv, dy, n_head)
        y, lse, dqkv = (fenced(part.shape, dtype) for part in expected)
        outputs = (y[0], lse[0], dqkv[0])
        for forward_kernel in variants(compiled.self_attention_forward):
            for backward_kernel in variants(compiled.self_attention_backward):
                if not all(fits(kernel, T, size) for kernel in (forward_kernel, backward_kernel)):
                    continue
                for variant in ("serial", "parallel"):
                    for part in outputs:
                        part[...] = 7
                    getattr(forward_kernel, variant)(y[0], lse[0], qkv, n_head)
                    getattr(backward_kernel, variant)(dqkv[0], dy, y[0], lse[0], qkv, n_head)
                    for part, wanted in zip(outputs, expected, strict=True):
                        np.testing.assert_allclose(part, wanted, rtol=tolerance, atol=tolerance)
                    for _, whole in (y, lse, dqkv):
                        assert (whole[:FENCE] == -99).all()
                        assert (whole[-FENCE:] == -99).all()


def fits(kernel, length, size):
    """Whether a kernel of small heads can do these, whatever it says of its speed."""
    from microgpt.backends.numba_cpu import attention
    from microgpt.backends.numba_cpu.simd.vector import LANES

    if kernel is variants(attention.self_attention_forward)[1]:
        return length <= LANES and size == 4
    return LANES % size == 0


FENCE = 48


def fenced(shape, dtype):
    """An array, and the flat one it lies in between two fences."""
    size = int(np.prod(shape))
    whole = np.full(size + 2 * FENCE, -99, dtype)
    return whole[FENCE : FENCE + size].reshape(shape), whole


def test_parallel_is_serial(monkeypatch):
    from microgpt.backends.numba_cpu.jit import compile

    results = []
    for limit in (10**12, 1):
        monkeypatch.setattr(compile, "PARALLEL_FROM", limit)
        with backends.using("numba"):
            results.append([])
            for T, n_head, D in [(7, 4, 4), (33, 3, 5), (70, 2, 32), (130, 5, 64)]:
                qkv, dy = inputs(3, T, n_head, D, "float32")
                y, lse = forward(qkv, n_head)
                results[-1] += [y, lse, backward(dy, y, lse, qkv, n_head)]
    for serial, parallel in zip(*results, strict=True):
        np.testing.assert_allclose(serial, parallel, rtol=1e-5, atol=1e-5)


def test_results_do_not_depend_on_the_number_of_threads():
    # Once before, as in test_kernels: just compiled and kept machine code differ in last digits.
    code = """
import hashlib, sys
import numba
numba.set_num_threads(int(sys.argv[1]))
from microgpt import backends
from microgpt.backends.numba_cpu.jit import compile as jit_compile
import test_attention as here
jit_compile.PARALLEL_FROM = 1
backends.use("numba")
digest = hashlib.sha256()
for T, n_head, D in [(7, 4, 4), (16, 4, 4), (33, 3, 5), (70, 2, 32), (130, 5, 64)]:
    qkv, dy = here.inputs(40 if T <= 16 else 3, T, n_head, D, "float32")
    y, lse = here.forward(qkv, n_head)
    for array in (y, lse, here.backward(dy, y, lse, qkv, n_head)):
        digest.update(array.tobytes())
assert numba.get_num_threads() == int(sys.argv[1])
print(digest.hexdigest())
"""
    environment = {
        **os.environ,
        "NUMBA_NUM_THREADS": "2",
        "PYTHONPATH": os.path.dirname(__file__),
    }
    results = [
        subprocess.run(
            [sys.executable, "-c", code, str(threads)],
            env=environment, capture_output=True, text=True, check=True,
        ).stdout
        for threads in (2, 1, 2)
    ]  # fmt: skip
    assert results[1] == results[2]


def test_no_arithmetic_in_double_in_float32(monkeypatch):
    import numba

    from microgpt.backends.numba_cpu.jit import compile

    monkeypatch.setattr(compile, "compiled", lambda function, flags: numba.njit(**flags)(function))
    qkv, dy = inputs(1, 3, 2, 4, "float32")
    y, lse = attention(qkv, dy, 2)[:2]
    y, lse = y.astype(np.float32), lse.astype(np.float32)
    cache, position = np.zeros((1, 2, 4, 4), np.float32), np.zeros(1, np.int32)
    arguments = [(y, lse, qkv, 2)] * 3 + [(qkv.copy(), dy, y, lse, qkv, 2)] * 2
    arguments.append((y[:, 0].copy(), cache, cache.copy(), qkv[:, 0].copy(), position, 2))
    for kernel, given in zip(kernels(), arguments, strict=True):
        fresh = compile.Kernel(kernel.function).serial
        fresh(*given)
        (text,) = fresh.inspect_llvm().values()
        doubles = re.findall(r"= f(?:add|sub|mul|div|cmp)[a-z ]* (?:<\d+ x )?double.*", text)
        assert doubles == [], kernel.function.__qualname__
        assert re.search(r"= fmul[a-z ]* <16 x float>", text)
