"""Reading token shards: headers, damaged files, several files as one sequence, memory."""

import itertools
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peaks import PEAK
from shard_files import raw_bytes, shard_bytes

from microgpt.data import (
    Shards,
    open_shard,
    write_shard,
)
from microgpt.errors import FormatError, SettingError


def test_files_without_a_header_are_known_by_content(tmp_path):
    path = tmp_path / "old.bin"
    path.write_bytes(raw_bytes([50256, 0, 1, 65535]))
    for form in (None, "raw"):
        tokens = open_shard(path, format=form)
        assert tokens.dtype == np.int32
        assert tokens.tolist() == [50256, 0, 1, 65535]
    with pytest.raises(FormatError, match="must begin with 20240520"):
        open_shard(path, format="shard")


def test_raw_can_be_forced(tmp_path):
    path = tmp_path / "old.bin"
    path.write_bytes(raw_bytes([20240520, 70000, 2]))
    assert open_shard(path, format="raw").tolist() == [20240520, 70000, 2]
    with pytest.raises(FormatError, match="token 0 is 20,240,520, but the vocabulary has 50,257"):
        open_shard(path, 50257, format="raw")
    path.write_bytes(bytes(6))
    with pytest.raises(FormatError, match="6 bytes; raw int32 tokens fill a multiple of 4"):
        open_shard(path, format="raw")
    with pytest.raises(SettingError, match="format must be one of None, 'raw'"):
        open_shard(path, format="bin")


GOOD = shard_bytes([1, 2, 3])


BROKEN = [
    (b"", "is empty"),
    (b"\x88\xd8", r"too short for a token shard: it has 2 bytes"),
    (b"First Citizen:\nBefore we", r"must begin with 20240520 .* begins with 1936877894"),
    (shard_bytes([1, 2, 3], magic=20240326), r"begins with 20240326 \(llm.c's model file\)"),
    (shard_bytes([1, 2, 3], magic=20240801), "shard for Llama 3"),
    (shard_bytes([1, 2, 3], order=">"), r"other byte order \(big-endian\)"),
    (shard_bytes([1, 2, 3], version=2), "of version 2; known: 1"),
    (shard_bytes([1, 2, 3], version=-1), "of version -1; known: 1"),
    (shard_bytes([1, 2, 3], count=-3), "header counts -3 tokens"),
    (shard_bytes([1, 2, 3], count=4), r"cut off: .* 4 tokens, .* 1,032 bytes, .* has 1,030"),
    (shard_bytes([], count=2**31 - 1), "4,294,968,318 bytes, but the file has 1,024"),
    (shard_bytes([1, 2, 3], count=2), r"surplus bytes: .* 2 tokens, .* 1,028 bytes.* has 1,030"),
    (GOOD[:-1], "cut off"),
    (GOOD + b"\0", "surplus"),
    (GOOD[:100], "cut off: a header has 1,024 bytes, the file has 100"),
    (GOOD[:8], "cut off: a header"),
    (raw_bytes([1, 2, 65536]), "must begin with 20240520"),
    (raw_bytes([1, 2, -1]), "must begin with 20240520"),
    (raw_bytes([1, 2]) + b"\0", "must begin with 20240520"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN, ids=lambda part: str(part)[-30:])
def test_broken_files_are_named_with_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "b.bin"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=rf"b\.bin.* {message}|b\.bin {message}"):
        open_shard(path)
    with pytest.raises(FormatError, match=r"b\.bin"):
        Shards(path)


def test_what_is_no_file(tmp_path):
    with pytest.raises(FormatError, match=r"none\.bin does not exist; `microgpt tokenize` writes"):
        open_shard(tmp_path / "none.bin")
    with pytest.raises(FormatError, match="is not a file"):
        open_shard(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="is not a file"):
        open_shard(tmp_path / "pipe")


def test_a_shard_of_no_tokens(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(shard_bytes([]))
    assert len(open_shard(path, vocab_size=1)) == 0


@pytest.mark.parametrize("form", [shard_bytes, raw_bytes])
def test_ids_beyond_the_vocabulary_are_found_wherever_they_are(tmp_path, form, monkeypatch):
    monkeypatch.setattr("microgpt.data.shards.CHUNK_BYTES", 8)
    path = tmp_path / "a.bin"
    for index in (0, 3, 4, 10):
        tokens = [5] * 11
        tokens[index] = 27
        path.write_bytes(form(tokens))
        assert len(open_shard(path, vocab_size=28)) == 11
        with pytest.raises(FormatError, match=rf"a\.bin: token {index} is 27, but the vocabulary"):
            open_shard(path, vocab_size=27)
        shards = Shards(path, vocab_size=27)
        with pytest.raises(FormatError, match=rf"token {index} is 27"):
            _ = shards[:]


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=3000),
        st.lists(st.integers(-2, 70000), max_size=300).map(raw_bytes),
        st.builds(
            lambda tokens, magic, version, count, cut, tail: (
                shard_bytes(tokens, magic, version, count)[:cut] + tail
            ),
            st.lists(st.integers(0, 65535), max_size=50),
            st.sampled_from([20240520, 20240520, 20240326, -2009844223]),
            st.sampled_from([1, 1, 1, 0, 2, -1, 2**31 - 1]),
            st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)),
            st.one_of(st.just(None), st.integers(0, 1200)),
            st.binary(max_size=9),
        ),
    ),
    st.sampled_from([None, 1, 300, 50257, 2**40]),
    st.sampled_from([None, "raw", "shard"]),
)  # fmt: skip
def test_any_bytes_give_tokens_or_an_error_that_names_the_file(tmp_path, content, vocab_size, form):
    path = tmp_path / "any.bin"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        tokens = open_shard(path, vocab_size, form)
        assert len(tokens) * tokens.dtype.itemsize <= len(content)
        if vocab_size is not None and len(tokens):
            assert 0 <= tokens.min() <= tokens.max() < vocab_size
        np.testing.assert_array_equal(Shards(path, vocab_size, form)[:], tokens)
        said = "any.bin"
    except FormatError as error:
        said = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert "any.bin" in said
    assert peak < 2**20


@pytest.fixture
def three(tmp_path):
    """Three files, one of them without a header and one empty, and all of their tokens."""
    parts = [np.arange(0, 7), np.arange(100, 105), np.arange(200, 212)]
    write_shard(tmp_path / "t_0.bin", parts[0])
    (tmp_path / "t_1.bin").write_bytes(raw_bytes(parts[1].tolist()))
    (tmp_path / "t_2.bin").write_bytes(shard_bytes([]))
    write_shard(tmp_path / "t_3.bin", parts[2])
    return tmp_path / "t_*.bin", np.concatenate(parts)


def test_shards_are_one_sequence(three):
    pattern, tokens = three
    shards = Shards(pattern, vocab_size=212)
    assert len(shards) == 24
    assert [file.name for file in shards.files] == ["t_0.bin", "t_1.bin", "t_2.bin", "t_3.bin"]
    assert repr(shards) == "Shards(24 tokens in 4 files, 't_0.bin' first)"
    assert list(shards) == tokens.tolist()
    np.testing.assert_array_equal(np.asarray(shards), tokens)
    for start, stop in itertools.product((None, *range(-26, 27)), repeat=2):
        found = shards[start:stop]
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, tokens[start:stop])
    assert [shards[index] for index in range(-24, 24)] == [*tokens, *tokens]
    for index in (24, -25):
        with pytest.raises(IndexError):
            _ = shards[index]
    with pytest.raises(SettingError, match="the step of a slice of shards must be 1; got 2"):
        _ = shards[::2]


def test_a_slice_is_its_own(three):
    shards = Shards(three[0])
    shards[:7][:] = 9
    assert shards[0] == 0


def test_shards_can_be_written_as_one(three, tmp_path):
    write_shard(tmp_path / "all.bin", Shards(three[0]))
    assert open_shard(tmp_path / "all.bin").tolist() == three[1].tolist()


def test_which_files(three, tmp_path):
    first, last = tmp_path / "t_0.bin", tmp_path / "t_3.bin"
    assert Shards([last, str(first)])[12] == 0
    assert len(Shards(first)) == 7
    (tmp_path / "odd[1].bin").write_bytes(shard_bytes([4]))
    assert list(Shards(str(tmp_path / "odd[1].bin"))) == [4]
    with pytest.raises(
        SettingError, match=r"files of a folder; got .*; name them, as in '.*\*\.bin'"
    ):
        Shards(tmp_path)
    with pytest.raises(SettingError, match="paths must be at least one file"):
        Shards([])
    with pytest.raises(FormatError, match=r"no file is named like '.*u_\*\.bin'"):
        Shards(tmp_path / "u_*.bin")
    with pytest.raises(FormatError, match=r"none\.bin does not exist"):
        Shards([first, tmp_path / "none.bin"])
    with pytest.raises(SettingError, match="vocab_size"):
        Shards(first, vocab_size=-1)


def test_a_shard_that_changes_meanwhile_is_refused(tmp_path):
    write_shard(tmp_path / "a.bin", [1, 2, 3])
    shards = Shards(tmp_path / "a.bin")
    write_shard(tmp_path / "a.bin", [1, 2])
    with pytest.raises(FormatError, match="had 3 tokens when it was opened and has 2 now"):
        _ = shards[0]


def in_a_process(code, *arguments):
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_more_shards_than_files_may_be_open(tmp_path):
    for number in range(150):
        (tmp_path / f"{number:03}.bin").write_bytes(shard_bytes([number, number]))
    code = """
import resource, sys
import numpy as np
from microgpt.data import RandomBatches, Shards
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
shards = Shards(sys.argv[1])
assert shards[:].tolist() == sorted([*range(150)] * 2)
assert shards[0] == 0 and shards[299] == 149
batches = RandomBatches(shards, 200, 4)
print(*(next(batches)[0].shape))
"""
    assert in_a_process(code, tmp_path / "*.bin") == ["4", "200"]


def test_a_shard_larger_than_the_memory_it_takes(tmp_path):
    path, count = tmp_path / "sparse.bin", 2**29
    with open(path, "wb") as stream:
        stream.write(shard_bytes([], count=count))
        stream.truncate(1024 + 2 * count)
    code = f"""{PEAK}
from microgpt.data import RandomBatches, Shards, WindowBatches, open_shard
warm = WindowBatches(list(range(100)), 5, 5, 2)
next(warm)
forget()
before = peak()
tokens = open_shard(sys.argv[1], vocab_size=50257)
for source in (tokens, Shards(sys.argv[1], vocab_size=50257)):
    windows, random = WindowBatches(source, 1024, 1024, 8), RandomBatches(source, 1024, 8)
    for _ in range(100):
        assert next(windows)[0].shape == next(random)[1].shape == (8, 1024)
    assert sum(len(rows) for rows, _ in windows.eval_batches(50)) == 50
print(peak() - before)
"""
    (grown,) = map(int, in_a_process(code, path))
    assert grown < 50e6
