"""Public corpora that are not inside the package: where they are, and what they must contain."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from microgpt.errors import DownloadError, FormatError
from microgpt.folders import cache_folder, data_folder

TIMEOUT = 10


@dataclass(frozen=True)
class Source:
    """A public file, the SHA-256 it must have, and how it is read."""

    file: str
    url: str
    sha256: str
    kind: str


SOURCES = {
    "names": Source(
        "names.txt",
        "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
        "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
        "lines",
    ),
    "tinyshakespeare": Source(
        "tinyshakespeare.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        "text",
    ),
    "the-verdict": Source(
        "the-verdict.txt",
        "https://raw.githubusercontent.com/rasbt/LLMs-from-scratch/main/ch02/01_main-chapter-code/the-verdict.txt",
        "b41e41a68f0398a3154ae69e2e4c0e2694e17fe0d66730536837f1b01935b31f",
        "text",
    ),
}


def find(source: Source) -> Path:
    """The file, verified: from MICROGPT_DATA, else from the cache, else from the network."""
    given = data_folder()
    if given is not None and (given / source.file).is_file():
        return _verified(given / source.file, source)
    folder = cache_folder() / "data"
    if (folder / source.file).is_file():
        return _verified(folder / source.file, source)
    return _fetched(source, folder)


def _verified(path: Path, source: Source) -> Path:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != source.sha256:
        raise FormatError(
            f"{path} is not the published file: its SHA-256 must begin with {source.sha256[:12]}, "
            f"but it begins with {found[:12]}; delete it, and it is fetched again"
        )
    return path


def _fetched(source: Source, folder: Path) -> Path:
    import pooch
    import requests

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(
            f"{source.file} cannot be kept: {folder} is not writable ({error.strerror}). "
            + _by_hand(source, folder)
        ) from None
    pooch.get_logger().setLevel(logging.WARNING)
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT)
    try:
        path = pooch.retrieve(
            source.url, f"sha256:{source.sha256}", source.file, folder, downloader=downloader
        )
    except (OSError, ValueError, requests.RequestException) as error:
        raise DownloadError(
            f"{source.file} could not be fetched: {_reason(error, source.url)}. "
            + _by_hand(source, folder)
        ) from None
    return Path(path)


def _reason(error: Exception, url: str) -> str:
    import requests

    host = urlsplit(url).netloc
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{host} answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"{host} did not answer within {TIMEOUT} s"
    if isinstance(error, requests.ConnectionError):
        return f"no connection to {host}, or it broke off"
    if isinstance(error, ValueError):
        return "what arrived is not the published file (its SHA-256 differs)"
    return str(error)


def _by_hand(source: Source, folder: Path) -> str:
    given = data_folder()
    looked = "" if given is None else f"; it is {given} now, which has no {source.file}"
    return (
        f"Without a network, use the corpus 'names-mini'; or put the file from {source.url} "
        f"into a folder and set MICROGPT_DATA to it{looked}"
    )
