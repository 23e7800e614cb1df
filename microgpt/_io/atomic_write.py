"""Files that are whole or not there."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from microgpt.errors import NotWritable, SettingError

FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


def expand_user(path: str | os.PathLike) -> Path:
    """The path, with the home folder in place of `~`."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # a user that nobody knows, or no home
        raise SettingError(
            f"{path} begins with a home folder that is not known on this machine; give the path "
            "in full, or as ./~… if the name begins so"
        ) from None


@contextlib.contextmanager
def atomic_write(target: Path) -> Iterator[BinaryIO]:
    """A binary stream that becomes `target` when the block ends well, and vanishes otherwise.

    The folder is made if need be. `NotWritable` if it cannot be, or if the disk fills.
    """
    if target.is_dir():
        raise NotWritable(f"{target} is a folder; name a file in it to write to")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with _opened(draft) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        # Reading inside the block may fail too; these three come from writing alone.
        if isinstance(error, OSError) and error.errno in FULL:
            raise NotWritable(
                f"{target} could not be written whole ({error.strerror}), so nothing of it is "
                "kept; free some space, or choose another folder"
            ) from None
        raise


def _opened(draft: Path) -> BinaryIO:
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        return open(draft, "xb")
    except OSError as error:
        raise NotWritable(
            f"nothing can be saved in {draft.parent} ({error.strerror}); choose another folder"
        ) from None
