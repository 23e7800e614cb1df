"""Files appear complete, or not at all."""

import os

import pytest

from microgpt._io.atomic_write import atomic_write
from microgpt.errors import NotWritable


def test_a_file_appears_when_the_block_succeeds(tmp_path):
    file = tmp_path / "new" / "a.bin"
    with atomic_write(file) as stream:
        stream.write(b"content")
        assert not file.exists()
    assert file.read_bytes() == b"content"
    assert os.listdir(file.parent) == ["a.bin"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_the_old_file_stays_when_the_block_fails(tmp_path, error):
    file = tmp_path / "a.bin"
    file.write_bytes(b"old")

    def fail():
        with atomic_write(file) as stream:
            stream.write(b"new")
            raise error

    with pytest.raises(error):
        fail()
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_what_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    for target in (tmp_path, tmp_path / "file" / "a.bin"):
        with pytest.raises(NotWritable), atomic_write(target):
            pass
