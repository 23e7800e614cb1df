"""The ladder of compiled attention kernels: each is its first one, and none sees the future."""

import os
import subprocess
import sys

import numpy as np
import pytest
from attention_runs import TOLERANCE, backward, forward, make_inputs
from naive import attention_forward_backward

from microgpt import backends
from microgpt.backends.numba_cpu import attention
from microgpt.backends.numba_cpu.attention import (
    backward_blocked,
    backward_small_heads,
    forward_blocked,
    forward_small_heads,
    forward_transposed,
    kernel1_loops,
)
from microgpt.backends.numba_cpu.jit import kernel as jit_kernel
from microgpt.backends.numba_cpu.simd.vector import LANES


@pytest.fixture
def numba():
    with backends.using("numba"):
        yield


# Which sizes a kernel computes, wherever it is fast.
FORWARD = {
    forward_blocked: lambda T, D: True,
    forward_small_heads: lambda T, D: LANES % D == 0,
    forward_transposed: lambda T, D: LANES >= T and D == 4,
}
BACKWARD = {
    backward_blocked: lambda T, D: True,
    backward_small_heads: lambda T, D: LANES % D == 0,
}
# B, T, n_head, D: ragged in every way that a kernel pads or splits.
RAGGED = [
    *((1, 1, 3, 4), (5, 9, 7, 4), (2, 13, 1, 4), (3, 16, 3, 4), (64, 16, 12, 4), (0, 16, 4, 4)),
    *((64, 12, 5, 4), (64, 16, 9, 2), (3, 7, 5, 8), (2, 7, 3, 3), (1, 33, 2, 5), (2, 40, 3, 16)),
    *((1, 65, 2, 20), (2, 15, 2, 1), (1, 130, 1, 64)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_kernel_is_the_plain_loops(dtype):
    """Forward and backward, with and without a mask; nothing beside the output is written."""
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    loops = kernel1_loops.self_attention_forward, kernel1_loops.self_attention_backward
    rng_state, no_dropout = np.array([1, 2]), (5, 0, 1.0)  # layer_id, threshold, scale
    for B, T, n_head, D in RAGGED:
        qkv, dy = make_inputs(B, T, n_head, D, dtype)
        y, lse, dqkv = np.empty_like(dy), np.empty((B, n_head, T), dtype), np.empty_like(qkv)
        loops[0].serial(y, lse, qkv, n_head)
        loops[1].serial(dqkv, dy, y, lse, qkv, n_head)
        calls = [
            *((k, (qkv, n_head)) for k, computes in FORWARD.items() if computes(T, D)),
            (attention.dropout_attention_forward, (qkv, n_head, rng_state, *no_dropout)),
        ]
        for kernel, args in calls:
            (y2, y_memory), (lse2, lse_memory) = fenced(y.shape, dtype), fenced(lse.shape, dtype)
            kernel.serial(y2, lse2, *args)
            name = f"{kernel.function.__name__} {B} {T} {n_head} {D}"
            np.testing.assert_allclose(y2, y, **tolerance, err_msg=name)
            np.testing.assert_allclose(lse2, lse, **tolerance, err_msg=name)
            assert fences_stand(y_memory), name
            assert fences_stand(lse_memory), name
        args = (dy, y, lse, qkv, n_head)
        calls = [
            *((k, args) for k, computes in BACKWARD.items() if computes(T, D)),
            (attention.dropout_attention_backward, (*args, rng_state, *no_dropout)),
        ]
        for kernel, args in calls:
            dqkv2, memory = fenced(dqkv.shape, dtype)
            kernel.serial(dqkv2, *args)
            name = f"{kernel.function.__name__} {B} {T} {n_head} {D}"
            np.testing.assert_allclose(dqkv2, dqkv, **tolerance, err_msg=name)
            assert fences_stand(memory), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_plain_loops_are_the_formula(dtype):
    for B, T, n_head, D in RAGGED:
        qkv, dy = make_inputs(B, T, n_head, D, dtype)
        y, lse, dqkv = np.empty_like(dy), np.empty((B, n_head, T), dtype), np.empty_like(qkv)
        kernel1_loops.self_attention_forward.serial(y, lse, qkv, n_head)
        kernel1_loops.self_attention_backward.serial(dqkv, dy, y, lse, qkv, n_head)
        exact = attention_forward_backward(qkv, dy, n_head)
        for actual, expected in zip((y, lse, dqkv), exact, strict=True):
            np.testing.assert_allclose(
                actual, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
            )


FENCE = 48


def fenced(shape, dtype):
    """An array of 7s, and the flat one that it lies in, between two fences."""
    size = int(np.prod(shape))
    memory = np.full(size + 2 * FENCE, -99, dtype)
    inside = memory[FENCE : FENCE + size].reshape(shape)
    inside[...] = 7
    return inside, memory


def fences_stand(memory):
    return (memory[:FENCE] == -99).all() and (memory[-FENCE:] == -99).all()


def test_sizes_alone_select_the_kernel():
    for T, D, forward_kernel, backward_kernel in [
        (16, 4, forward_transposed, backward_small_heads),
        (9, 4, forward_transposed, backward_small_heads),
        (8, 4, forward_small_heads, backward_small_heads),
        (16, 2, forward_small_heads, backward_small_heads),
        (4, 16, forward_small_heads, backward_small_heads),
        (17, 4, forward_blocked, backward_blocked),
        (16, 8, forward_blocked, backward_blocked),
        (7, 3, forward_blocked, backward_blocked),
    ]:
        assert attention.self_attention_forward.select_kernel(T, D) is forward_kernel
        assert attention.self_attention_backward.select_kernel(T, D) is backward_kernel
        arguments = (None, None, np.zeros((2, T, 3 * 3 * D)), 3)
        selected = attention.self_attention_forward.select_variant(arguments)
        assert selected is forward_kernel.select_variant(arguments)


def test_slower_kernels_can_be_selected(monkeypatch):
    ladder = [(4, lambda T, D: T == 9, "four"), (1, lambda T, D: True, kernel1_loops.kernel()(len))]
    assert attention.KernelLadder(ladder).select_kernel(9, 4) == "four"
    monkeypatch.setattr(attention, "MAX_KERNEL", 1)
    assert attention.KernelLadder(ladder).select_kernel(9, 4).function is len


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("length", "size"), [(7, 4), (16, 4), (7, 3), (33, 16), (65, 32)])
def test_the_future_has_no_influence(numba, monkeypatch, length, size, dtype):
    """Not even as NaN; a NaN in the past spreads."""
    monkeypatch.setattr(jit_kernel, "PARALLEL_FROM", 10**12)
    n_head = 2
    C = n_head * size
    qkv, dy = make_inputs(2, length, n_head, size, dtype)
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
def test_what_a_query_does_not_see_gets_none_of_its_nan(numba, length, spoilt):
    """In small heads, whose weights of the future are zeros: 0 · NaN is NaN."""
    qkv, dy = make_inputs(2, length, 4, 4)
    y, lse = forward(qkv, 4)
    clean = backward(dy, y, lse, qkv, 4)
    for now in range(length - 1):
        query, upstream = qkv.copy(), dy.copy()
        query[:, now, :16] = spoilt
        upstream[:, now] = spoilt
        later = slice(now + 1, None)
        with_query = backward(dy, y, lse, query, 4)
        np.testing.assert_array_equal(with_query[:, later], clean[:, later])
        assert not np.isfinite(with_query[:, : now + 1, 16:32]).any()
        with_upstream = backward(upstream, y, lse, qkv, 4)
        np.testing.assert_array_equal(with_upstream[:, later], clean[:, later])
        assert not np.isfinite(with_upstream[:, : now + 1, 32:]).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_number_that_is_none_reaches_no_query_before_it(numba, dtype):
    qkv, _ = make_inputs(2, 16, 5, 4, dtype)  # a group of four heads, and one head more
    clean = forward(qkv, 5)[0]
    for channel in range(20):
        spoilt = qkv.copy()
        spoilt[1, 9, 40 + channel] = np.nan
        y = forward(spoilt, 5)[0]
        np.testing.assert_array_equal(y[:, :9], clean[:, :9])
        assert np.isnan(y[1, 9:, channel]).all()
        y[1, 9:, channel] = clean[1, 9:, channel]
        np.testing.assert_array_equal(y, clean)


@pytest.mark.slow
def test_parallel_is_serial(numba, monkeypatch):
    results = []
    for limit in (10**12, 1):
        monkeypatch.setattr(jit_kernel, "PARALLEL_FROM", limit)
        results.append([])
        for T, n_head, D in [(7, 4, 4), (16, 4, 4), (33, 3, 5), (70, 2, 32), (130, 5, 64)]:
            qkv, dy = make_inputs(40 if T <= 16 else 3, T, n_head, D, "float32")
            y, lse = forward(qkv, n_head)
            results[-1] += [y, lse, backward(dy, y, lse, qkv, n_head)]
    for serial, parallel in zip(*results, strict=True):
        np.testing.assert_allclose(serial, parallel, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("setting", "expected"), [("", "4"), ("2", "2"), ("x", "SettingError")])
def test_the_highest_kernel_is_set_by_a_variable(setting, expected):
    code = """
from microgpt.errors import SettingError
try:
    from microgpt.backends.numba_cpu import attention
    print(attention.MAX_KERNEL)
except SettingError as error:
    assert str(error).startswith("MICROGPT_ATTENTION_KERNEL must be one of '1', '2', '3', '4'")
    print("SettingError")
"""
    environment = {**os.environ, "MICROGPT_ATTENTION_KERNEL": setting}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == expected


def test_small_weights_make_no_subnormal_numbers():
    """Of scores from 0 down to −90."""
    B, T, n_head, D = 2, 16, 2, 4
    qkv, dy = make_inputs(B, T, n_head, D, "float32")
    queries, keys, values = (qkv[..., i * n_head * D :][..., : n_head * D] for i in range(3))
    queries[...] = keys[...] = 0
    queries[..., ::D], keys[..., ::D] = 2, -6 * np.arange(T)[:, None]
    values *= 1e-3
    dy *= 1e-3

    def count_subnormal(*arrays):
        tiny = np.finfo(np.float32).tiny
        return sum(((x != 0) & (abs(x) < tiny)).sum() for x in arrays)

    y, lse, dqkv = np.empty_like(dy), np.empty((B, n_head, T), "float32"), np.empty_like(qkv)
    kernel1_loops.self_attention_forward.serial(y, lse, qkv, n_head)
    kernel1_loops.self_attention_backward.serial(dqkv, dy, y, lse, qkv, n_head)
    assert count_subnormal(dqkv)
    for kernel in FORWARD:
        kernel.serial(y, lse, qkv, n_head)
        assert not count_subnormal(y, lse), kernel.function.__name__
    for kernel in BACKWARD:
        kernel.serial(dqkv, dy, y, lse, qkv, n_head)
        assert not count_subnormal(dqkv), kernel.function.__name__
