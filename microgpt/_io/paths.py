"""The package's cache and data folders, and paths given by users."""

import os
from pathlib import Path

from microgpt.errors import SettingError


def cache_dir() -> Path:
    """Return the folder for downloads and compiled kernels: MICROGPT_CACHE, or the user's cache."""
    configured = os.environ.get("MICROGPT_CACHE")
    if configured:
        return Path(configured).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("microgpt-lab", appauthor=False))


def data_dir() -> Path | None:
    """Return the folder searched first for public files: MICROGPT_DATA, or None if not set."""
    configured = os.environ.get("MICROGPT_DATA")
    return Path(configured).expanduser() if configured else None


def expand_user(path: str | os.PathLike) -> Path:
    """Return the path with `~` expanded to the home folder."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # unknown user, or no home folder
        raise SettingError(
            "path",
            "given in full, since its home folder is not known on this machine",
            str(path),
            "write ./~… if the name itself begins so",
        ) from None
