"""A folder is used by one process at a time, and is free when that one has died."""

import os
import subprocess
import sys

import pytest

from microgpt._io import file_lock
from microgpt._io.file_lock import FolderLock
from microgpt.errors import NotWritable, StateError

HOLD = """
import sys
from pathlib import Path
from microgpt._io.file_lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_kept_out_until_the_first_one_dies(tmp_path):
    folder = tmp_path / "new" / "run"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateError, match=r"new.run is in use: another process is writing"):
            FolderLock(folder).__enter__()
        holder.kill()
        holder.wait()
    with FolderLock(folder):
        pass
    assert os.listdir(folder) == []  # it was there, made by the process that died


def test_a_folder_that_was_made_and_stays_empty_is_removed(tmp_path):
    with FolderLock(tmp_path / "new" / "run"):
        assert (tmp_path / "new" / "run").is_dir()
    assert os.listdir(tmp_path) == []
    with FolderLock(tmp_path / "new" / "run"):
        (tmp_path / "new" / "run" / "model").touch()
    assert os.listdir(tmp_path / "new" / "run") == ["model"]


def test_the_same_process_is_kept_out_as_well(tmp_path):
    with FolderLock(tmp_path), pytest.raises(StateError, match="in use"):
        FolderLock(tmp_path).__enter__()
    with FolderLock(tmp_path):
        pass


def test_a_lock_file_that_its_owner_removed_is_made_anew(tmp_path, monkeypatch):
    """Who opened it before it was removed would hold a lock that nobody sees."""
    opened, open_lock_file = [], file_lock._open_lock_file

    def open_then_lose(folder):
        opened.append(open_lock_file(folder))
        if len(opened) == 1:
            (folder / file_lock.LOCK_NAME).unlink()
        return opened[-1]

    monkeypatch.setattr(file_lock, "_open_lock_file", open_then_lose)
    with FolderLock(tmp_path):
        assert len(opened) == 2
        with pytest.raises(StateError):
            FolderLock(tmp_path).__enter__()


def test_without_locks_the_work_goes_on(tmp_path, monkeypatch):
    def no_locks(stream):
        raise OSError("no locks here")

    monkeypatch.setattr(file_lock, "try_lock", no_locks)
    with FolderLock(tmp_path), FolderLock(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotWritable, match="nothing can be saved in "):
        FolderLock(tmp_path / "file" / "run").__enter__()
