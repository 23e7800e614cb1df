"""Arrays are filled from a file, however few bytes each read returns."""

import io

import numpy as np
import pytest

from microgpt._io.read_exactly import read_exactly
from microgpt.errors import FormatError


class ShortReads(io.BytesIO):
    """A stream that returns at most three bytes a read, as unbuffered files may."""

    def readinto(self, view):
        return super().readinto(view[:3])


@pytest.mark.parametrize("shape", [(0,), (1,), (2, 3), (0, 4)])
def test_short_reads_are_continued(shape, tmp_path):
    expected = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    array = np.full(shape, -1, np.float32)
    read_exactly(ShortReads(expected.tobytes()), array, tmp_path / "a.bin")
    np.testing.assert_array_equal(array, expected)


def test_a_file_that_ends_too_early(tmp_path):
    with pytest.raises(FormatError, match=r"a\.bin ends 3 bytes too early"):
        read_exactly(ShortReads(bytes(5)), np.zeros(2, np.float32), tmp_path / "a.bin")
