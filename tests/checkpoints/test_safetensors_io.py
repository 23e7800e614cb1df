"""Safetensors of every dtype that is written."""

import io

import numpy as np
import pytest

from microgpt import checkpoints
from microgpt.errors import FormatError


def test_all_kinds_of_arrays_come_back(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "float32": rng.normal(size=(3, 4)).astype(np.float32),
        "float64": rng.normal(size=5),
        "int32": np.arange(6, dtype=np.int32).reshape(1, 2, 3),
        "int64": np.array(7),
        "uint8": np.frombuffer(b"text", np.uint8),
        "nothing": np.empty((0, 4)),
        "turned": np.arange(6.0).reshape(2, 3).T,
    }
    file = tmp_path / "arrays.safetensors"
    with open(file, "wb") as stream:
        checkpoints.write_safetensors(stream, arrays, {"note": "é"})
    with checkpoints.open_safetensors(file) as found:
        assert found.metadata == {"note": "é"}
        assert set(found.shapes) == set(arrays)
        for name, array in arrays.items():
            read = found.read(name, str(array.dtype))
            assert read.dtype == array.dtype
            np.testing.assert_array_equal(read, array)
        with pytest.raises(FormatError, match=r"'float64' must be float32 of shape \(5,\); it is"):
            found.read("float64", "float32")
        with pytest.raises(FormatError, match="must be float64 of shape"):
            found.read_into("float64", np.empty((5, 1)))
        with pytest.raises(FormatError, match="has no array 'other'"):
            found.read("other", "float32")


@pytest.mark.parametrize("note", ["", "a", "ab", "abc", "abcdefg"])
def test_the_data_begin_at_a_multiple_of_eight_bytes(note):
    stream = io.BytesIO()
    checkpoints.write_safetensors(stream, {"a": np.arange(3.0)}, {"note": note})
    content = stream.getvalue()
    assert int.from_bytes(content[:8], "little") % 8 == 0
    assert np.frombuffer(content[-24:]).tolist() == [0, 1, 2]
