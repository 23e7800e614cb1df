"""Atomic writes: a file appears complete, or not at all."""

import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from microgpt._io.file_lock import try_lock
from microgpt.errors import NotWritable

DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
ABANDONED_SECONDS = 3600  # where drafts are not locked, one this old belongs to nobody
_LOCKS_DRAFTS = os.name != "nt"  # on Windows, an open file cannot be renamed, nor removed


@contextlib.contextmanager
def atomic_write(target: Path) -> Iterator[BinaryIO]:
    """Yield a binary stream that becomes `target` if the block succeeds, and is deleted otherwise.

    Missing folders are created, and drafts of killed processes removed. Raises NotWritable if the
    folders cannot be created, or if the disk is full.
    """
    if target.is_dir():
        raise NotWritable(f"{target} is a folder; name a file in it to write to")
    remove_abandoned_drafts(target)
    stream = _create_draft(target)
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            if _LOCKS_DRAFTS:
                os.replace(stream.name, target)
        if not _LOCKS_DRAFTS:
            os.replace(stream.name, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(stream.name)
        # The block may also raise OSErrors from reading; these three come only from writing.
        if isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS:
            raise NotWritable(
                f"{target} could not be written completely ({error.strerror}), so nothing of it is "
                "kept; free some space, or choose another folder"
            ) from None
        raise


def remove_abandoned_drafts(target: Path) -> None:
    """Remove drafts of `target` whose process was killed, never those that are being written."""
    is_draft = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}").fullmatch
    with contextlib.suppress(OSError):  # no such folder, or not to be read
        for path in [entry for entry in target.parent.iterdir() if is_draft(entry.name)]:
            with contextlib.suppress(OSError):  # gone, not ours, or no locks here
                _remove_if_abandoned(path)


def _remove_if_abandoned(path: Path) -> None:
    if not _LOCKS_DRAFTS:
        if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
            path.unlink()
        return
    with open(path, "rb") as draft:
        if try_lock(draft):
            path.unlink()  # while it is locked: its writer may just be about to lock it


def _create_draft(target: Path) -> BinaryIO:
    """Open a new file beside `target`, locked so that nobody takes it for abandoned."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        while not _is_locked_and_there(stream := _open_draft(target)):
            stream.close()
        return stream
    except OSError as error:
        raise NotWritable(
            f"nothing can be saved in {target.parent} ({error.strerror}); choose another folder"
        ) from None


def _open_draft(target: Path) -> BinaryIO:
    return open(target.with_name(f".{target.name}.{secrets.token_hex(4)}"), "xb")


def _is_locked_and_there(stream: BinaryIO) -> bool:
    """Lock a draft; False if somebody has removed it before it was locked."""
    if not _LOCKS_DRAFTS:
        return True
    with contextlib.suppress(OSError):  # no locks on this file system, so nobody removes it
        if not try_lock(stream):
            return False
    return os.path.exists(stream.name)
