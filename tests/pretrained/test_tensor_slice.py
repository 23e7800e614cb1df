"""Tensors in a file: read block by block, in any float type, compared with each other."""

from math import prod

import numpy as np
import pytest

from microgpt.pretrained import tensor_slice
from microgpt.pretrained.tensor_slice import TensorSlice, equal_contents

RNG = np.random.default_rng(5)
TABLE = RNG.normal(size=(7, 3)).astype(np.float32)
TABLE[0] = [1e-6, 3e-8, 0]  # below float16's normal numbers


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(tensor_slice, "BLOCK_BYTES", 24)  # two rows


def stored(folder, array, dtype="float32"):
    path = folder / f"{len(list(folder.iterdir()))}"
    path.write_bytes(b"head" + array.tobytes())
    assert prod(array.shape) == array.size
    return TensorSlice(path, 4, array.shape, dtype)


def cut(array):
    return (array.view(np.uint32) >> 16).astype("<u2")


def rounded(array):
    return ((array.view(np.uint32) + 0x8000) >> 16).astype("<u2")


@pytest.mark.parametrize("rows", [7, 4, 3, 1])
def test_an_array_of_fewer_rows_gets_the_first(tmp_path, rows):
    array = np.zeros((rows, 3), np.float32)
    read = []
    stored(tmp_path, TABLE).read_into(array, on_bytes=lambda part: read.append(part.tobytes()))
    np.testing.assert_array_equal(array, TABLE[:rows])
    assert b"".join(read) == TABLE.tobytes()  # a checksum is of all bytes


def test_a_transpose(tmp_path):
    array = np.zeros((3, 7), np.float32)
    stored(tmp_path, TABLE).read_into(array, transpose=True)
    np.testing.assert_array_equal(array, TABLE.T)


@pytest.mark.parametrize(
    ("other", "dtype"),
    [
        (TABLE, "float32"),
        (TABLE.astype(np.float16), "float16"),
        (cut(TABLE), "bfloat16"),
        (rounded(TABLE), "bfloat16"),
    ],
    ids=["float32", "float16", "bfloat16, cut off", "bfloat16, rounded"],
)
def test_equal_up_to_the_coarser_dtype(tmp_path, other, dtype):
    table, head = stored(tmp_path, TABLE), stored(tmp_path, other, dtype)
    assert equal_contents(table, head)
    assert equal_contents(head, table)
    for row in (0, 3, 6):
        changed = TABLE.copy()
        changed[row, 1] += 0.02 + 0.02 * abs(changed[row, 1])
        assert not equal_contents(stored(tmp_path, changed), head)


def test_in_one_dtype_every_bit_counts(tmp_path):
    changed = TABLE.copy()
    changed[6, 2] = np.nextafter(changed[6, 2], np.float32(9))
    assert not equal_contents(stored(tmp_path, TABLE), stored(tmp_path, changed))
    assert not equal_contents(stored(tmp_path, TABLE), stored(tmp_path, TABLE[:6]))
    changed = TABLE.copy()
    changed[2, 2] = np.nan
    assert equal_contents(stored(tmp_path, changed), stored(tmp_path, changed))


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (4, 4), (2, 5), (9, 1)])
@pytest.mark.parametrize("transpose", [False, True])
def test_a_square_matrix_is_transposed_like_any_other(tmp_path, shape, transpose):
    """Its shape does not tell which way it lies."""
    expected = RNG.normal(size=shape).astype(np.float32)
    array = np.zeros(shape[::-1] if transpose else shape, np.float32)
    stored(tmp_path, expected).read_into(array, transpose)
    np.testing.assert_array_equal(array, expected.T if transpose else expected)
