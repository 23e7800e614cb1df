"""Files appear complete, or not at all."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from microgpt._io import atomic_write as module
from microgpt._io.atomic_write import atomic_write, remove_abandoned_drafts
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


def test_two_writers_of_one_file_do_not_mix(tmp_path):
    file = tmp_path / "a.bin"
    with atomic_write(file) as first:
        first.write(b"first")
        with atomic_write(file) as second:
            second.write(b"second")
        assert file.read_bytes() == b"second"
        first.write(b" and last")
    assert file.read_bytes() == b"first and last"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_the_content_is_on_the_disk_before_the_file_has_its_name(tmp_path, monkeypatch):
    """Else a power failure could leave an empty file in the place of the old one."""
    calls = []
    for name in ("fsync", "replace"):
        function = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, f=function, n=name: (calls.append(n), f(*args)))
    with atomic_write(tmp_path / "a.bin") as stream:
        stream.write(b"content")
    assert calls == ["fsync", "replace"]


def test_what_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    for target in (tmp_path, tmp_path / "file" / "a.bin"):
        with pytest.raises(NotWritable), atomic_write(target):
            pass


DIE_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from microgpt._io.atomic_write import atomic_write
with atomic_write(Path(sys.argv[1])) as stream:
    stream.write(b"half")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def die_while_writing(file):
    run = subprocess.run([sys.executable, "-c", DIE_WHILE_WRITING, file])
    assert run.returncode == -signal.SIGKILL


@pytest.mark.skipif(os.name == "nt", reason="processes are killed differently there")
def test_the_draft_of_a_killed_process_is_removed_by_the_next_write(tmp_path):
    file = tmp_path / "a.bin"
    file.write_bytes(b"old")
    die_while_writing(file)
    assert file.read_bytes() == b"old"
    assert len(os.listdir(tmp_path)) == 2
    with atomic_write(file) as stream:
        stream.write(b"new")
    assert os.listdir(tmp_path) == ["a.bin"]


def test_only_abandoned_drafts_of_this_file_are_removed(tmp_path):
    others = [
        ".a.bin.12345678",
        ".b.bin.1234abcd",
        ".a.bin.copy",
        "a.bin",
        ".a.bin",
        ".axbin.1234abcd",
    ]
    for name in others:
        (tmp_path / name).touch()
    with atomic_write(tmp_path / "a.bin") as stream:
        draft = os.path.basename(stream.name)
        remove_abandoned_drafts(tmp_path / "a.bin")  # as a second writer of the file does
        assert set(os.listdir(tmp_path)) == {draft, *others[1:]}
        stream.write(b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"


def test_two_writers_at_once_leave_one_whole_file(tmp_path):
    file, errors = tmp_path / "a.bin", []

    def write(content):
        try:
            for _ in range(50):
                with atomic_write(file) as stream:
                    stream.write(content)
        except OSError as error:
            errors.append(error)

    contents = [bytes([number]) * 1000 for number in range(4)]
    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert file.read_bytes() in contents
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("locks_drafts", [False, True])
def test_where_drafts_cannot_be_locked_young_ones_stay(tmp_path, monkeypatch, locks_drafts):
    def no_locks(stream):
        raise OSError("no locks here")

    monkeypatch.setattr(module, "_LOCKS_DRAFTS", locks_drafts)
    monkeypatch.setattr(module, "try_lock", no_locks)
    young, old = tmp_path / ".a.bin.12345678", tmp_path / ".a.bin.abcdef12"
    young.touch()
    old.touch()
    os.utime(old, (0, 0))
    with atomic_write(tmp_path / "a.bin") as stream:
        stream.write(b"new")
    assert young.exists()
    assert old.exists() == locks_drafts
    assert (tmp_path / "a.bin").read_bytes() == b"new"
