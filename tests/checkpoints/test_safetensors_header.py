"""Headers of safetensors files: read where the library reads them, refused where it refuses."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from microgpt.checkpoints.safetensors_header import read_header, read_metadata
from microgpt.errors import FormatError

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.arange(4, dtype=np.int64),
    "empty": np.empty((0, 5), np.float64),
}
SIZES = st.sampled_from([0, 1, 2, 3, 6, 8, 24, 32, 56, 57, -1, 2**63, True, 1.0, "2", None])
CHANGES = st.dictionaries(
    st.sampled_from(["dtype", "shape", "data_offsets"]),
    st.sampled_from(["F32", "F64", "I64", "U8", "BF16", "F128", 3])
    | st.lists(SIZES, max_size=3)
    | SIZES,
    max_size=2,
)


def write(path, header, data):
    content = json.dumps(header).encode()
    path.write_bytes(len(content).to_bytes(8, "little") + content + data)


def test_entries_and_metadata(tmp_path):
    file = tmp_path / "a.safetensors"
    content = save(ARRAYS, {"note": "é"})
    file.write_bytes(content)
    header = read_header(file)
    assert header.metadata == read_metadata(file) == {"note": "é"}
    assert {name: entry.dtype for name, entry in header.tensors.items()} == {
        "a": "float32", "b": "int64", "empty": "float64",
    }  # fmt: skip
    for name, entry in header.tensors.items():
        array = np.frombuffer(content[entry.start : entry.end], entry.dtype).reshape(entry.shape)
        np.testing.assert_array_equal(array, ARRAYS[name])


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    changes=st.dictionaries(st.sampled_from([*ARRAYS, "new"]), CHANGES | SIZES, max_size=3),
    metadata=st.none() | st.dictionaries(st.text(max_size=3), st.text(max_size=3) | SIZES),
    surplus=st.sampled_from([b"", b"", b"", b"\0" * 8, b"\0"]),
)
def test_whatever_the_library_refuses_is_refused(tmp_path, changes, metadata, surplus):
    content = save(ARRAYS)
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    for name, change in changes.items():
        is_entry = isinstance(change, dict)
        header[name] = {**header.get(name, {}), **change} if is_entry else change
    if metadata is not None:
        header["__metadata__"] = metadata
    file = tmp_path / "a.safetensors"
    write(file, header, content[8 + length :] + surplus)
    try:
        with safe_open(file, framework="np") as opened:
            expected = {name: opened.get_slice(name).get_shape() for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OverflowError):
        with pytest.raises(FormatError, match=r"a\.safetensors"):
            read_header(file)
        return
    found = read_header(file).tensors
    assert {name: list(entry.shape) for name, entry in found.items()} == expected


def entry(start, end, shape=(2,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


@pytest.mark.parametrize(
    ("header", "size", "message"),
    [
        ({"a": entry(0, 8), "b": entry(12, 20)}, 20, "'b' leaves a gap before it"),
        ({"a": entry(4, 12)}, 12, "'a' leaves a gap before it"),
        ({"a": entry(0, 8), "b": entry(4, 12)}, 12, "'b' overlaps the one before it"),
        ({"a": entry(0, 8), "b": entry(0, 8)}, 8, "'b' overlaps the one before it"),
        ({"a": entry(0, 8)}, 9, "must have .* bytes, as its header says; it has"),
        ({"a": entry(0, 8)}, 7, "must have .* bytes, as its header says; it has"),
        ({"a": entry(0, 7)}, 7, "'a' needs 8 bytes .* leave 7"),
        ({"a": entry(0, 9)}, 9, "'a' needs 8 bytes .* leave 9"),
        ({"a": entry(0, 8, dtype="F128")}, 8, "dtype 'F128', which is not known"),
    ],
)
def test_tensors_fill_the_file_without_gaps(tmp_path, header, size, message):
    file = tmp_path / "a.safetensors"
    write(file, header, bytes(size))
    with pytest.raises(FormatError, match=message):
        read_header(file)


@pytest.mark.parametrize("length", [0, 1, 3, 2**40, 2**63])
@pytest.mark.parametrize("rest", [b"", b"{}"])
def test_a_header_that_does_not_fit_into_the_file(tmp_path, length, rest):
    file = tmp_path / "a.safetensors"
    file.write_bytes(length.to_bytes(8, "little") + rest)
    with pytest.raises(FormatError, match="not a complete safetensors file"):
        read_header(file)
    file.write_bytes(b"1234567")
    with pytest.raises(FormatError, match="not a complete safetensors file"):
        read_header(file)
