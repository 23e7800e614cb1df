"""Varints and fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_files import field, number

from microgpt.pretrained.tensorflow.protobuf import DecodeError, iter_fields, read_varint


@given(st.integers(0, 2**64 - 1))
def test_numbers_of_seven_bits_a_byte(value):
    content = number(value)
    assert read_varint(content + b"rest", 0) == (value, len(content))
    with pytest.raises(DecodeError):
        read_varint(content[:-1], 0)


def test_numbers_that_are_too_large():
    for content in (b"\xff" * 9 + b"\x02", b"\x80" * 11):
        with pytest.raises(DecodeError, match="more than 64 bits"):
            read_varint(content, 0)
    assert list(iter_fields(field(1, 300) + field(2, b"ab") + b"\x1d\x01\0\0\0")) == [
        (1, 300),
        (2, b"ab"),
        (3, 1),
    ]
