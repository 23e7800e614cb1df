"""Each instruction's twin against NumPy, on random numbers and at the edges."""

import numpy as np
import pytest
from kernel_checks import normal

from microgpt.backends.numba_cuda import _inline_assembly, _ptx
from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._ptx import (
    as_float32,
    commit_copies,
    copy4_async,
    load4,
    load4_shared,
    load_shared,
    mma_tf32,
    store4,
    store4_shared,
    to_tf32,
    wait_for_copies,
)
from microgpt.errors import DeviceError, KernelError
from microgpt.interpreter import ORDERS, count_traffic, run

f32 = np.float32


def copy_vectors(y, x):
    """y = x, (2, 4, 16) each, through shared memory; one warp."""
    part = cuda.shared.array((2, 4, 16), f32)
    t = cuda.threadIdx.x
    h, i, j = t // 16, t // 4 % 4, t % 4 * 4
    a, b, c, d = load4(x, h, i, j)
    store4_shared(part, h, i, j, a, b, c, d)
    cuda.syncthreads()
    a, b, c, d = load4_shared(part, 1 - h, i, j)
    store4(y, 1 - h, i, j, a, b, c, d)


def copy_async(y, x):
    """y (1, 4, 8) = the corner of x (1, …) with zeros around it; one warp."""
    part = cuda.shared.array((1, 4, 8), f32)
    t = cuda.threadIdx.x
    if t < 8:
        copy4_async(part, 0, t // 2, t % 2 * 4, x, 0, t // 2, t % 2 * 4)
    commit_copies()
    wait_for_copies()
    cuda.syncthreads()
    y[0, t // 8, t % 8] = load_shared(part, 0, t // 8, t % 8)


def round_all(high, low, x):
    """high = x in tf32, low = what that leaves, in tf32 too."""
    t = cuda.grid(1)
    if t < x.size:
        high[t] = as_float32(to_tf32(x[t]))
        low[t] = as_float32(to_tf32(x[t] - high[t]))


def multiply_one(d, a, b, c):
    """d (16, 8) = a (16, 8) · b (8, 8) + c, by one instruction of one warp."""
    t = cuda.threadIdx.x
    group, member = t // 4, t % 4
    a0, a1 = to_tf32(a[group, member]), to_tf32(a[group + 8, member])
    a2, a3 = to_tf32(a[group, member + 4]), to_tf32(a[group + 8, member + 4])
    b0, b1 = to_tf32(b[member, group]), to_tf32(b[member + 4, group])
    n = 2 * member
    c0, c1, c2, c3 = c[group, n], c[group, n + 1], c[group + 8, n], c[group + 8, n + 1]
    d0, d1, d2, d3 = mma_tf32(a0, a1, a2, a3, b0, b1, c0, c1, c2, c3)
    d[group, n], d[group, n + 1] = d0, d1
    d[group + 8, n], d[group + 8, n + 1] = d2, d3


def multiply_with_half(d):
    t = cuda.threadIdx.x
    zero = f32(0)
    bits = to_tf32(zero)
    if t < 16:
        d0, _, _, _ = mma_tf32(bits, bits, bits, bits, bits, bits, zero, zero, zero, zero)
        d[t] = d0


def nearest_tf32(x):
    """x with 11 binary digits, half away from zero, computed without its bits."""
    fraction, exponent = np.frexp(x.astype(np.float64))
    rounded = np.sign(fraction) * np.floor(np.abs(fraction) * 2**11 + 0.5) / 2**11
    return np.ldexp(rounded, exponent).astype(f32)


@pytest.mark.parametrize("order", [*ORDERS, 3])
def test_four_numbers_at_once(order, rng):
    (x,) = normal(rng, "float32", (2, 4, 16))
    y = np.full_like(x, np.nan)
    report = run(copy_vectors, 1, 32, y, x, order=order, fresh=("y",), trace=True)
    assert report.findings == ()
    np.testing.assert_array_equal(y, x)
    for line in count_traffic(report.accesses):  # a request of a warp is 512 bytes
        assert (line.accesses, line.requests) == (128, 1)
        assert line.cost == line.min_cost == (16 if line.space == "global" else 4)


@pytest.mark.parametrize("order", [*ORDERS, 3])
@pytest.mark.parametrize(("rows", "columns"), [(4, 8), (3, 4), (1, 8), (5, 12)])
def test_asynchronous_copies_bring_zeros_from_outside(order, rows, columns, rng):
    (x,) = normal(rng, "float32", (1, rows, columns))
    y = np.full((1, 4, 8), np.nan, f32)
    assert run(copy_async, 1, 32, y, x, order=order, fresh=("y",)).findings == ()
    expected = np.zeros((1, 4, 8), f32)
    corner = x[:, :4, :8]
    expected[:, : corner.shape[1], : corner.shape[2]] = corner
    np.testing.assert_array_equal(y, expected)


def test_tf32_is_the_nearest_of_eleven_digits(rng):
    numbers = rng.normal(size=900) * 10.0 ** rng.integers(-30, 30, 900)
    ties = np.array([1 + 2.0**-11, 1 + 3 * 2.0**-11, 1 - 2.0**-12, 1.5, 0.0, -0.0, 2.0**-126])
    x = np.concatenate([numbers, ties, -ties]).astype(f32)
    high, low = np.empty_like(x), np.empty_like(x)
    run(round_all, 4, 256, high, low, x, watch=False)
    np.testing.assert_array_equal(high, nearest_tf32(x))
    assert not (high.view(np.uint32) & 0x1FFF).any()
    error = np.abs(high.astype(np.float64) + low - x)
    assert (error <= 2.0**-22 * np.abs(x)).all()  # two tf32 have about the digits of a float32


def test_tf32_of_what_is_no_number():
    x = np.array([np.inf, -np.inf, np.nan, np.finfo(f32).max], f32)
    high, low = np.empty_like(x), np.empty_like(x)
    run(round_all, 1, 32, high, low, x)
    np.testing.assert_array_equal(high, np.array([np.inf, -np.inf, np.nan, np.inf], f32))
    assert np.isnan(low[:3]).all()


@pytest.mark.parametrize("order", [*ORDERS, 3])
def test_a_warp_multiplies_two_small_matrices(order, rng):
    a, b, c = normal(rng, "float32", (16, 8), (8, 8), (16, 8))
    d = np.full((16, 8), np.nan, f32)
    assert run(multiply_one, 1, 32, d, a, b, c, order=order, fresh=("d",)).findings == ()
    expected = nearest_tf32(a).astype(np.float64) @ nearest_tf32(b) + c
    np.testing.assert_allclose(d, expected, rtol=1e-6, atol=1e-6)
    assert np.abs(d - (a.astype(np.float64) @ b + c)).max() > 1e-5  # tf32, not float32


def test_half_a_warp_cannot_multiply():
    report = run(multiply_with_half, 1, 32, np.empty(32, f32))
    assert [finding.type for finding in report.findings] == ["warp"]
    assert "lane 16 of warp 0 of block 0 is in the mask and never comes" in report.findings[0].text


def test_vectors_begin_at_multiples_of_four(rng):
    (x,) = normal(rng, "float32", (2, 4, 18))
    with pytest.raises(KernelError, match=r"from \[0, 1, 0\].*is element 18.*multiple of 4"):
        run(copy_vectors, 1, 32, np.empty_like(x), x)


def test_instructions_run_in_kernels_only():
    with pytest.raises(DeviceError, match=r"'cvt.rna.tf32.f32 .*launch a kernel"):
        _ptx.to_tf32(f32(1))


def test_every_instruction_is_complete():
    """Its template names each result and each argument, of the types that registers have."""
    instructions = [
        value
        for value in vars(_ptx).values()
        if isinstance(value, _inline_assembly.Instruction)
        and value not in (_ptx.address, _ptx.shared_address)
    ]
    assert len(instructions) == 12
    for instruction in instructions:
        operands = [*instruction.results, *instruction.arguments]
        assert set(operands) <= set(_inline_assembly.LETTERS)
        for n in range(len(operands)):
            assert f"${n}" in instruction.template
        assert f"${len(operands)}" not in instruction.template
