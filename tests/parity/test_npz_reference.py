"""Archives as references: no memory for names, hostile headers, any bytes."""

import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parity_models import TOKENS, on

import microgpt as mg
from microgpt.parity.npz_reference import NpzReference


def test_the_names_of_an_archive_cost_no_memory(tmp_path):
    archive = NpzReference(npz(tmp_path, tokens=np.array([[0, 99]]), large=np.zeros(2**21)))
    tracemalloc.start()
    try:
        assert "large" in archive
        assert "other" not in archive
        assert tracemalloc.get_traced_memory()[1] < 2**18
    finally:
        tracemalloc.stop()
    with pytest.raises(mg.TokenError, match=r"the tokens of .*x\.npz: .*99"):
        mg.compare(on("numpy"), archive.file)
    with pytest.raises(
        mg.SettingError, match=r"the arrays of .*x\.npz must be named as the model's"
    ):
        mg.compare(on("numpy"), archive.file, TOKENS)
    with pytest.raises(mg.SettingError, match=r"or an array in .*x\.npz"):
        mg.compare(on("numpy"), npz(tmp_path, large=np.zeros(2)))


def npz(tmp_path, **arrays):
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    return tmp_path / "x.npz"


def test_an_archive_that_lies_is_refused_before_memory_is_asked_for(tmp_path):
    path = npz(tmp_path, tokens=np.array(TOKENS), embedding=np.zeros((2, 5, 4)))
    np.savez(path, tokens=np.array(TOKENS), embedding=np.zeros((2, 5, 4)))
    content = path.read_bytes()
    lie = content.replace(b"(2, 5, 4), }", b"(2, 5,4**9)}")
    for wrong in (lie, content.replace(b"(2, 5, 4), }", b"(2, 5, 9), }")):
        assert wrong != content
        path.write_bytes(wrong)
        with pytest.raises(mg.FormatError, match=r"x\.npz"):
            mg.compare(on("numpy"), path)
    objects = np.array([object()])
    np.savez(path, tokens=np.array(TOKENS), embedding=objects)
    with pytest.raises(mg.FormatError, match="embedding"):
        mg.compare(on("numpy"), path)


@settings(deadline=None, max_examples=150)
@given(index=st.integers(0, 5000), new=st.binary(min_size=1, max_size=9), cut=st.integers(0, 60),
       packed=st.booleans())  # fmt: skip
def test_any_archive_is_compared_or_an_error(tmp_path_factory, index, new, cut, packed):
    path, save = tmp_path_factory.getbasetemp() / "any.npz", [np.savez, np.savez_compressed][packed]
    save(path, tokens=np.array(TOKENS), embedding=np.zeros((2, 5, 4)))
    content, untouched = bytearray(path.read_bytes()), mg.compare(on("numpy"), path)
    assert untouched.first_failure == "embedding"
    index %= len(content)
    content[index : index + len(new)] = new
    path.write_bytes(content[: len(content) - cut * (index % 2)])
    found, refused = None, str(path)
    try:
        found = mg.compare(on("numpy"), path)
    except mg.MicrogptError as error:
        refused = str(error)
    assert str(path) in refused
    if found is not None:  # the numbers are those that were saved: their checksums were compared
        assert found.checks == untouched.checks or "shape" in found.checks[0].problem


def npy_header(shape, dtype="<f8"):
    """The header of an .npy file that claims such an array."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text = text.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


HOSTILE = {
    "claims 8 TB": npy_header("(1000000000000,)") + bytes(80),
    "claims an item of 2 GB": npy_header("(1,)", "<U500000000") + bytes(80),
    "claims less than there is": npy_header("(3,)") + bytes(80),
    "a negative size": npy_header("(-10,)") + bytes(80),
    "two that multiply to a positive": npy_header("(-2, -5)") + bytes(80),
    "an object": npy_header("(10,)", "|O") + bytes(80),
    "nested brackets": b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"(" * 9000,
    "a header of 200 MB": b"\x93NUMPY\x02\x00" + (200_000_000).to_bytes(4, "little"),
    "a text": b"no array",
}


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_arrays_are_refused_without_memory(tmp_path, case, packed):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", packed) as archive:
        archive.writestr("tokens.npy", HOSTILE[case])
    tracemalloc.start()
    try:
        with pytest.raises(mg.FormatError, match=r"x\.npz: 'tokens' cannot be read"):
            _ = NpzReference(path)["tokens"]
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04" * 9, b"\x80\x04pickle", b"\x93NUMPY\x01\x00"]
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(mg.FormatError, match=r"x\.npz: 'the archive' cannot be read"):
        NpzReference(tmp_path / "x.npz")
