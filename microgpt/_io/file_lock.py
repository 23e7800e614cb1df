"""Locks on files and folders, which the system frees when their process ends, however it ends.

The library filelock has more of them, and takes 16 ms to import: a third of a start of training.
"""

import contextlib
import os
import sys
from pathlib import Path
from typing import IO, Self

from microgpt.errors import NotWritable, StateError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_NAME = ".lock"


def try_lock(stream: IO[bytes]) -> bool:
    """Lock an open file until it is closed; return False if it is locked already.

    Raises OSError on a file system without locks.
    """
    try:
        if sys.platform == "win32":
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _open_lock_file(folder: Path) -> IO[bytes]:
    return open(folder / LOCK_NAME, "ab")


class FolderLock:
    """`with FolderLock(folder):` raises StateError while another such block is in that folder.

    The folder is made, and removed again if it is left empty. Raises NotWritable if nothing can be
    written there.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def __enter__(self) -> Self:
        self._made = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._stream = self._open()
        except OSError as error:
            raise NotWritable(
                f"nothing can be saved in {self.folder} ({error.strerror}); choose another folder"
            ) from None
        return self

    def _open(self) -> IO[bytes]:
        while not self._take(stream := _open_lock_file(self.folder)):
            stream.close()
        return stream

    def _take(self, stream: IO[bytes]) -> bool:
        """Lock the file; False if another process has ended and removed it in the meantime."""
        with contextlib.suppress(OSError):  # no locks on this file system: go on without
            if not try_lock(stream):
                stream.close()
                raise StateError(
                    f"the folder {self.folder} is in use: another process is writing into it",
                    ("wait for it to end", "choose another folder with {out}"),
                )
        try:
            return os.path.samestat(os.fstat(stream.fileno()), os.stat(self.folder / LOCK_NAME))
        except FileNotFoundError:
            return False

    def __exit__(self, *_: object) -> None:
        path = self.folder / LOCK_NAME
        if sys.platform == "win32":  # an open file cannot be removed there
            self._stream.close()
        with contextlib.suppress(OSError):
            path.unlink()
        self._stream.close()
        with contextlib.suppress(OSError):  # not empty
            for folder in self._made:
                folder.rmdir()
