"""The folders this package uses outside itself."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """Where downloads and compiled kernels are kept: MICROGPT_CACHE, or the user's cache."""
    chosen = os.environ.get("MICROGPT_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("microgpt-lab", appauthor=False))


def data_dir() -> Path | None:
    """The folder that is looked in first for corpora: MICROGPT_DATA."""
    chosen = os.environ.get("MICROGPT_DATA")
    return Path(chosen).expanduser() if chosen else None
