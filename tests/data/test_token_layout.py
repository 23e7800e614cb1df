"""Files of token ids without llm.c's header: nanoGPT's uint16 and NumPy's arrays."""

import io
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shard_files import raw_bytes, shard_bytes

import microgpt as mg
from microgpt.data import Shards, open_shard
from microgpt.errors import FormatError

GPT2_TOKENS = [6109, 3626, 6100, 345, 11, 50256, 0, 13, 262, 198] * 30
CHARACTERS = [18, 47, 56, 57, 58, 1, 15, 47, 58, 47, 64, 43, 52, 10, 0] * 7


def bare(tokens):
    return struct.pack(f"<{len(tokens)}H", *tokens)


def npy(array, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), version)
    return stream.getvalue()


@pytest.mark.parametrize("tokens", [GPT2_TOKENS, CHARACTERS, GPT2_TOKENS[:4], CHARACTERS[:7]])
def test_nanogpt_s_tokens_are_known_by_their_content(tmp_path, tokens):
    path = tmp_path / "train.bin"
    np.array(tokens, np.uint16).tofile(path)  # as nanoGPT's prepare.py does
    for format in (None, "uint16"):
        read = open_shard(path, format=format)
        assert (read.dtype, read.tolist()) == (np.uint16, tokens)
        assert Shards(path, format=format)[:].tolist() == tokens
    with pytest.raises(FormatError, match=f"token {tokens.index(max(tokens))} is"):
        open_shard(path, vocab_size=max(tokens))


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<i4", "<u4", "<i8", "<u8"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_arrays_of_numpy(tmp_path, dtype, version):
    path = tmp_path / "shard_train_000000.npy"
    tokens = [5, 0, 255, 7]
    path.write_bytes(npy(np.array(tokens, dtype), version))
    for format in (None, "npy"):
        assert open_shard(path, 256, format).tolist() == tokens
        shards = Shards(path, format=format)
        assert shards[1:3].dtype == np.int32
        assert shards[1:3].tolist() == [0, 255]
    with pytest.raises(FormatError, match="token 2 is 255, but the vocabulary has 255"):
        open_shard(path, 255)


def test_ids_that_int32_cannot_hold(tmp_path):
    path = tmp_path / "a.npy"
    for dtype, id_ in ((np.int64, 2**31), (np.uint64, 2**63), (np.int64, -1)):
        path.write_bytes(npy(np.array([1, id_], dtype)))
        with pytest.raises(FormatError, match=rf"a\.npy: token 1 is {id_:,}"):
            Shards(path)[:]


def header(text, version=b"\x01\x00"):
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text


BAD_ARRAYS = [
    (npy(np.zeros((2, 2), np.uint16)), r"in one dimension; got uint16 of shape \(2, 2\)"),
    (npy(np.zeros(3)), "integers in one dimension; got float64"),
    (npy(np.zeros(3, ">u2")), "little-endian integers in one dimension; got >u2"),
    (npy(np.zeros(3, [("a", "<u2")])), "integers in one dimension"),
    (npy(np.zeros(3, np.uint16))[:-1], "must have 134 bytes, as its header says; it has 133"),
    (npy(np.zeros(3, np.uint16)) + b"\0", "must have 134 bytes, as its header says; it has 135"),
    (npy(np.zeros(3, np.uint16))[:20], "has no header of a .npy file"),
    (npy(np.zeros(3, np.uint16), (3, 0)), r"version \(3, 0\)"),
    (header(b"{'descr': '|O', 'fortran_order': False, 'shape': (3,)}\n"), "got object of shape"),
    (header(b"{'descr': '<u2', 'fortran_order': False, 'shape': (-3,)}\n"), "must have"),
    (header(b"{'descr': '<u2', 'fortran_order': False, 'shape': (10**9,)}\n"), "no header"),
    (header(b"{'descr': '<u2', 'fortran_order': False, 'shape': (999999999999,)}\n"), "must have"),
    (header(b"__import__('os').abort()\n"), "has no header of a .npy file"),
    (header(b"(" * 9000), "has no header of a .npy file"),
    (header(b"{" * 30000), "has no header of a .npy file"),
]


@pytest.mark.parametrize(("content", "message"), BAD_ARRAYS, ids=range(len(BAD_ARRAYS)))
def test_arrays_that_hold_no_tokens(tmp_path, content, message):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=rf"a\.npy {message}|a\.npy.*{message}"):
        open_shard(path)
    with pytest.raises(FormatError, match=r"a\.npy"):
        open_shard(path, 300, "npy")


LATIN = "Ünder the bridge,\r\nthe cat\tsat. " * 30
NO_TOKENS = {
    "text": LATIN.encode() + b" ",
    "text in UTF-16": LATIN.encode("utf-16-le"),
    "text in UTF-16 with a mark": LATIN.encode("utf-16"),
    "text cut inside a letter": ("x" * 4095 + "é" + "x" * 5).encode()[:4098],
    "weights": np.random.default_rng(1).normal(size=500).astype(np.float32).tobytes(),
    "zip": b"PK\x03\x04" + np.random.default_rng(2).bytes(1000),
    "gzip": b"\x1f\x8b\x08\x00" + np.random.default_rng(3).bytes(1000),
    "int32 with a wrong one": raw_bytes([5, 6, 70_000, 8]),
    "an odd size": bare(GPT2_TOKENS) + b"\0",
    "a model": (20240326).to_bytes(4, "little") + bytes(1020),
    "a shard cut off": shard_bytes([1, 2, 3])[:-2],
    "a Git-LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n\n",
}


@pytest.mark.parametrize("name", NO_TOKENS)
def test_other_files_are_not_taken_for_tokens(tmp_path, name):
    path = tmp_path / "train.bin"
    path.write_bytes(NO_TOKENS[name])
    with pytest.raises(FormatError, match=r"train\.bin"):
        open_shard(path)


def test_a_large_vocabulary_must_be_named(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bare([60_000, 3, 2]))
    with pytest.raises(FormatError, match="uint16 up to 50,303 as nanoGPT's"):
        open_shard(path)
    assert open_shard(path, format="uint16").tolist() == [60_000, 3, 2]
    path.write_bytes(b"odd")
    with pytest.raises(FormatError, match="has 3 bytes; raw uint16 tokens fill a multiple of 2"):
        open_shard(path, format="uint16")


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=200).map(lambda tail: b"\x93NUMPY" + tail)
    | st.text(max_size=60).map(lambda text: header(text.encode()))
    | st.builds(
        lambda descr, shape: header(
            repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
        ),
        st.sampled_from(["<u2", "<i8", "|O", "V3", "<f4", "", 7, [("a", "<u2")]]),
        st.tuples(st.integers(-3, 2**70)) | st.none() | st.integers(0, 3) | st.just((True,)),
    ),
    st.sampled_from([None, "npy", "uint16", "raw"]),
)
def test_any_npy_gives_tokens_or_an_error_that_names_it(tmp_path, content, format):
    path = tmp_path / "any.npy"
    path.write_bytes(content)
    try:
        tokens = open_shard(path, 2**16, format)
    except FormatError:
        with pytest.raises(FormatError, match=r"any\.npy"):
            open_shard(path, 2**16, format)
        return
    assert tokens.nbytes <= len(content)


def test_trainers_take_them(tmp_path):
    (tmp_path / "train.bin").write_bytes(bare(CHARACTERS * 20))
    model = mg.GPT(mg.GPTConfig(vocab_size=65, n_embd=8, n_head=2), backend="numpy")
    config = mg.TrainConfig(steps=2, val_fraction=0)
    trainer = mg.Trainer(model, Shards(tmp_path / "train.bin", 65), config)
    assert len(trainer.run()) == 2
