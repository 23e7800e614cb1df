"""bfloat16: rounding to nearest, ties to even, and back."""

import numpy as np

from microgpt.backends.bfloat16 import from_bfloat16, to_bfloat16


def rounded(*bits):
    """The bits of the bfloat16 for each float32, given by its bits."""
    return [int(code) for code in to_bfloat16(np.array(bits, np.uint32).view(np.float32))]


def test_what_lies_halfway_becomes_even():
    assert rounded(0x3F800000, 0x3F807FFF, 0x3F808000, 0x3F808001) == [
        0x3F80, 0x3F80, 0x3F80, 0x3F81
    ]  # fmt: skip
    assert rounded(0x3F817FFF, 0x3F818000, 0xBF818000) == [0x3F81, 0x3F82, 0xBF82]


def test_zero_subnormals_and_the_largest():
    assert rounded(0, 0x80000000, 1, 0x8000, 0x8001, 0x18000) == [0, 0x8000, 0, 0, 1, 2]
    assert rounded(0x7F7F0000, 0x7F7F7FFF, 0x7F7F8000) == [0x7F7F, 0x7F7F, 0x7F80]  # to infinity


def test_infinity_and_nan_stay():
    assert rounded(0x7F800000, 0xFF800000) == [0x7F80, 0xFF80]
    for bits in (0x7F800001, 0xFF800001, 0x7FFFFFFF, 0x7FC00000):
        (code,) = rounded(bits)
        assert np.isnan(from_bfloat16(np.array([code], np.uint16)))[0]


def test_every_bfloat16_comes_back_as_it_is():
    codes = np.arange(2**16, dtype=np.uint16)
    numbers = from_bfloat16(codes)
    again = to_bfloat16(numbers)
    is_nan = np.isnan(numbers)
    np.testing.assert_array_equal(again[~is_nan], codes[~is_nan])
    assert np.isnan(from_bfloat16(again[is_nan])).all()
    assert is_nan.sum() == 2 * 127


def test_no_bfloat16_is_nearer():
    numbers = np.random.default_rng(0).normal(size=2000).astype(np.float32)
    codes = to_bfloat16(numbers)
    errors = np.abs(from_bfloat16(codes).astype(np.float64) - numbers)
    for step in (-1, 1):
        other = from_bfloat16((codes.astype(np.int32) + step).astype(np.uint16))
        assert (errors <= np.abs(other.astype(np.float64) - numbers)).all()
    assert (errors <= np.abs(numbers) * 2.0**-8).all()
