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
