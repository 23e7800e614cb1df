"""Find public files locally, or download them once, and verify their SHA-256.

TIMEOUT limits connecting and each read; a whole file may take longer.
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
    """A public file, the SHA-256 it must have, and the alternatives to downloading it."""

    file_name: str
    url: str
    sha256: str
    offline_remedies: tuple[str, ...]


def download_dir() -> Path:
    """Return the cache folder of downloads."""
    return cache_dir() / "data"


def fetch(remote: RemoteFile) -> Path:
    """Return the verified file from MICROGPT_DATA, else the cache, else the network."""
    file = find_local(remote)
    if file is not None:
        return _check_sha256(file, remote)
    return _download(remote, download_dir())


def find_local(remote: RemoteFile) -> Path | None:
    """Return the file in MICROGPT_DATA, else the cache, not verified; None if it is in neither."""
    folders = (data_dir(), download_dir())
    files = (folder / remote.file_name for folder in folders if folder is not None)
    return next(filter(_is_file, files), None)


def _is_file(path: Path) -> bool:
    """Whether the file exists; also False if permissions forbid looking."""
    try:
        return path.is_file()
    except OSError:
        return False


def _check_sha256(path: Path, remote: RemoteFile) -> Path:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != remote.sha256:
        raise FormatError(
            f"{path} is not the published file: its SHA-256 must begin with {remote.sha256[:12]}, "
            f"but it begins with {found[:12]}; delete it, and it is fetched again"
        )
    return path


def _download(remote: RemoteFile, folder: Path) -> Path:
    import pooch
    import requests

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(
            f"{remote.file_name} cannot be kept: {folder} is not writable ({error.strerror})",
            _remedies(remote),
        ) from None
    pooch.get_logger().setLevel(logging.WARNING)
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT)
    try:
        path = pooch.retrieve(
            remote.url, f"sha256:{remote.sha256}", remote.file_name, folder, downloader=downloader
        )
    except (OSError, ValueError, requests.RequestException) as error:
        raise DownloadError(
            f"{remote.file_name} could not be fetched: {_reason(error, remote.url)}",
            _remedies(remote),
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


def _remedies(remote: RemoteFile) -> tuple[str, ...]:
    configured = data_dir()
    by_hand = f"put the file from {remote.url} into a folder and set MICROGPT_DATA to it"
    if configured is not None:
        by_hand += f"; it is {configured} now, which has no {remote.file_name}"
    return (*remote.offline_remedies, by_hand)
