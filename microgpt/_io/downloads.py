"""Public files from the network: looked for nearby first, verified, kept.

To connect, and each piece that is read, may take TIMEOUT seconds; all of a file may take longer.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from microgpt._io.paths import cache_dir, data_dir
from microgpt.errors import DownloadError, FormatError

TIMEOUT = 10  # seconds


@dataclass(frozen=True)
class RemoteFile:
    """A public file, the SHA-256 it must have, and what to do `offline_hint` without a network."""

    file_name: str
    url: str
    sha256: str
    offline_hint: str


def download_dir() -> Path:
    """The folder in the cache that downloads are kept in."""
    return cache_dir() / "data"


def fetch(source: RemoteFile) -> Path:
    """The file, verified: from MICROGPT_DATA, else from the cache, else from the network."""
    given = data_dir()
    if given is not None and _is_there(given / source.file_name):
        return _verified(given / source.file_name, source)
    if _is_there(download_dir() / source.file_name):
        return _verified(download_dir() / source.file_name, source)
    return _fetched(source, download_dir())


def _is_there(path: Path) -> bool:
    """Whether there is such a file; not where nobody may look."""
    try:
        return path.is_file()
    except OSError:
        return False


def _verified(path: Path, source: RemoteFile) -> Path:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != source.sha256:
        raise FormatError(
            f"{path} is not the published file: its SHA-256 must begin with {source.sha256[:12]}, "
            f"but it begins with {found[:12]}; delete it, and it is fetched again"
        )
    return path


def _fetched(source: RemoteFile, folder: Path) -> Path:
    import pooch
    import requests

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(
            f"{source.file_name} cannot be kept: {folder} is not writable ({error.strerror}). "
            + _by_hand(source)
        ) from None
    pooch.get_logger().setLevel(logging.WARNING)
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT)
    try:
        path = pooch.retrieve(
            source.url, f"sha256:{source.sha256}", source.file_name, folder, downloader=downloader
        )
    except (OSError, ValueError, requests.RequestException) as error:
        raise DownloadError(
            f"{source.file_name} could not be fetched: {_reason(error, source.url)}. " + _by_hand(source)
        ) from None
    return Path(path)


def _reason(error: Exception, url: str) -> str:
    import requests

    host = urlsplit(url).netloc
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{host} answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"{host} sent nothing for {TIMEOUT} s"
    if isinstance(error, requests.ConnectionError):
        return f"no connection to {host}, or it broke off"
    if isinstance(error, ValueError):
        return "what arrived is not the published file (its SHA-256 differs)"
    return str(error)


def _by_hand(source: RemoteFile) -> str:
    given = data_dir()
    looked = "" if given is None else f"; it is {given} now, which has no {source.file_name}"
    return (
        f"Without a network, {source.offline_hint}; or put the file from {source.url} "
        f"into a folder and set MICROGPT_DATA to it{looked}"
    )
