"""Atomic writes: a file appears complete, or not at all."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from microgpt.errors import NotWritable

DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextlib.contextmanager
def atomic_write(target: Path) -> Iterator[BinaryIO]:
    """Yield a binary stream that becomes `target` if the block succeeds, and is deleted otherwise.

    Missing folders are created. Raises NotWritable if they cannot be, or if the disk is full.
    """
    if target.is_dir():
        raise NotWritable(f"{target} is a folder; name a file in it to write to")
    temp_path = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with _create_temp(temp_path) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temp_path, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temp_path.unlink()
        # The block may also raise OSErrors from reading; these three come only from writing.
        if isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS:
            raise NotWritable(
                f"{target} could not be written completely ({error.strerror}), so nothing of it is "
                "kept; free some space, or choose another folder"
            ) from None
        raise


def _create_temp(temp_path: Path) -> BinaryIO:
    try:
        temp_path.parent.mkdir(parents=True, exist_ok=True)
        return open(temp_path, "xb")
    except OSError as error:
        raise NotWritable(
            f"nothing can be saved in {temp_path.parent} ({error.strerror}); choose another folder"
        ) from None
