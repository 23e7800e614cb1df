"""Writing token shards as llm.c does: streams, ids that do not fit, full disks."""

import errno
import os
import tracemalloc

import numpy as np
import pytest
from shard_files import shard_bytes

from microgpt._io import atomic_write
from microgpt.data import (
    open_shard,
    write_shard,
)
from microgpt.errors import NotWritable, SettingError, TokenError


def test_the_file_is_llm_c_s(tmp_path):
    path = tmp_path / "deep" / "er" / "a.bin"
    assert write_shard(path, [5, 0, 65535, 50256]) == 4
    assert path.read_bytes() == shard_bytes([5, 0, 65535, 50256])
    tokens = open_shard(path)
    assert isinstance(tokens, np.memmap)
    assert tokens.dtype == np.uint16
    assert tokens.tolist() == [5, 0, 65535, 50256]
    assert not tokens.flags.writeable


@pytest.mark.parametrize(
    "tokens",
    [
        (1, 2, 3, 4),
        np.array([1, 2, 3, 4], np.int64),
        np.array([1, 9, 2, 9, 3, 9, 4, 9], np.uint8)[::2],
        [np.array([1], np.uint16), [], (2, 3), np.array([4], np.uint64)],
        iter([[1, 2], [3, 4]]),
        (np.array([token]) for token in range(1, 5)),
    ],
)
def test_rows_and_streams_of_rows(tmp_path, tokens):
    assert write_shard(tmp_path / "a.bin", tokens) == 4
    assert open_shard(tmp_path / "a.bin").tolist() == [1, 2, 3, 4]


def test_a_stream_larger_than_what_is_held(tmp_path):
    row = np.arange(2**20, dtype=np.int64) % 50000
    tracemalloc.start()
    written = write_shard(tmp_path / "a.bin", (row for _ in range(16)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert written == 2**24
    assert peak < 2**23
    tokens = open_shard(tmp_path / "a.bin", vocab_size=50000)
    np.testing.assert_array_equal(tokens[-(2**20) :], row)


WRONG_TOKENS = [
    ([1, 2, 65536], TokenError, "token 2 is 65,536; .* from 0 to 65,535"),
    ([[1, 2], [3, -1]], TokenError, "token 3 is -1"),
    (np.array([2**63], np.uint64), TokenError, "token 0 is 9,223,372,036,854,775,808"),
    ([1.5], SettingError, "one-dimensional arrays of integers; got 0 dimensions"),
    (np.array([1.5]), SettingError, "type float64"),
    (np.ones((2, 2), int), SettingError, "got 2 dimensions"),
    ([np.ones((2, 2), int)], SettingError, "got 2 dimensions"),
    ([[[1], [2, 3]]], SettingError, "one-dimensional arrays of integers"),
    ([[1, None]], SettingError, "type object"),
    ([[2**70]], SettingError, "type object"),
    ([[True]], SettingError, "type bool"),
    (["text"], SettingError, "type <U4"),
    ("text", SettingError, "got 'text'"),
    (7, SettingError, "got 7"),
    ([], SettingError, "at least one to write"),
    (iter(()), SettingError, "at least one to write"),
]


@pytest.mark.parametrize(("tokens", "error_class", "message"), WRONG_TOKENS)
def test_what_cannot_be_written_leaves_the_old_file(tmp_path, tokens, error_class, message):
    path = tmp_path / "a.bin"
    write_shard(path, [7])
    with pytest.raises(error_class, match=message):
        write_shard(path, tokens)
    assert open_shard(path).tolist() == [7]
    assert os.listdir(tmp_path) == ["a.bin"]


def test_ids_beyond_a_vocabulary_are_not_written(tmp_path):
    with pytest.raises(TokenError, match=r"token 1 is 27; .* 27 ids go from 0 to 26"):
        write_shard(tmp_path / "a.bin", [26, 27], vocab_size=27)
    with pytest.raises(SettingError, match="vocab_size must be a positive integer"):
        write_shard(tmp_path / "a.bin", [1], vocab_size=0)
    assert os.listdir(tmp_path) == []


def test_more_tokens_than_the_header_can_count(tmp_path, monkeypatch):
    monkeypatch.setattr("microgpt.data.shard_writer.MAX_SHARD_TOKENS", 5)
    with pytest.raises(SettingError, match=r"at most 5 for a shard; got .*; write several shards"):
        write_shard(tmp_path / "a.bin", [[1, 2, 3], [4, 5, 6]])
    assert os.listdir(tmp_path) == []


class FullDisk:
    """A file on a disk with space for 5,000 bytes."""

    def __init__(self, path, mode):
        self.stream, self.room = path.open(mode), 5000

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def write(self, content):
        self.room -= memoryview(content).nbytes
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.stream.write(content)


def test_a_disk_that_fills(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    write_shard(path, [7])
    monkeypatch.setattr(atomic_write, "open", FullDisk, raising=False)
    message = r"a\.bin could not be written completely \(No space left"
    with pytest.raises(NotWritable, match=message):
        write_shard(path, ([1] * 100 for _ in range(1000)))
    assert open_shard(path).tolist() == [7]
    assert os.listdir(tmp_path) == ["a.bin"]
    assert write_shard(path, [1, 2]) == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(errno.EIO, "the source broke")])
def test_a_source_that_breaks_off_leaves_the_old_file(tmp_path, error):
    def rows():
        yield [1, 2]
        raise error

    path = tmp_path / "a.bin"
    write_shard(path, [7])
    with pytest.raises(type(error) if isinstance(error, OSError) else error) as caught:
        write_shard(path, rows())
    assert not isinstance(caught.value, NotWritable)
    assert open_shard(path).tolist() == [7]
    assert os.listdir(tmp_path) == ["a.bin"]


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(NotWritable, match="is a folder; name a file"):
        write_shard(tmp_path, [1])
    (tmp_path / "file").touch()
    with pytest.raises(NotWritable, match="nothing can be saved in"):
        write_shard(tmp_path / "file" / "a.bin", [1])
