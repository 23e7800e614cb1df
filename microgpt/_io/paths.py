"""The folders this package uses outside itself, and paths as users give them."""

import os
from pathlib import Path

from microgpt.errors import SettingError


def cache_dir() -> Path:
    """Where downloads and compiled kernels are kept: MICROGPT_CACHE, or the user's cache."""
    configured = os.environ.get("MICROGPT_CACHE")
    if configured:
        return Path(configured).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("microgpt-lab", appauthor=False))


def data_dir() -> Path | None:
    """The folder where public files are looked for first: MICROGPT_DATA."""
    configured = os.environ.get("MICROGPT_DATA")
    return Path(configured).expanduser() if configured else None


def expand_user(path: str | os.PathLike) -> Path:
    """The path with `~` expanded to the home folder."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # a user that nobody knows, or no home
        raise SettingError(
            "path",
            "given in full, since its home folder is not known on this machine",
            str(path),
            "write ./~… if the name itself begins so",
        ) from None
