"""Download OpenAI's published GPT-2 weights, as safetensors, from the Hugging Face hub.

huggingface_hub downloads them, with a progress bar and resuming, into its cache, which other
programs share. Files in the cache need no network.
"""

import hashlib
import warnings
from pathlib import Path
from typing import Any

from microgpt.errors import DownloadError
from microgpt.plain_text import join_and
from microgpt.pretrained.tokenizer_files import has_tokenizer

# Our name -> the repository on the hub, whose full name is accepted too.
REPOSITORIES = {
    name: f"openai-community/{name}" for name in ("gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl")
}
NAMES = (*REPOSITORIES, *REPOSITORIES.values())

# In download order; the last file is the large one.
FILES = ("config.json", "merges.txt", "model.safetensors")
MODEL_FILES = ("config.json", "model.safetensors")  # enough where the tokenizer is known
TIMEOUT = 10  # seconds


def download(name: str) -> Path:
    """Return the folder with a published model's files, from the cache or the network."""
    repository = REPOSITORIES.get(name, name)
    try:
        import huggingface_hub as hub
    except ImportError:
        raise DownloadError(
            f"{name!r} can be fetched once huggingface_hub is installed: "
            f'pip install "microgpt-lab[hub]"; or do without: {_manual_hint(repository)}'
        ) from None
    cached = _cached_folder(hub, repository)
    if cached is not None and has_tokenizer(cached):
        return cached
    try:
        return _download_files(hub, repository)
    except DownloadError:
        raise
    except Exception as error:  # huggingface_hub's, or its HTTP library's (it has used three)
        if cached is not None:
            return cached
        reason = " ".join(str(error).split()) or "no reason given"
        raise DownloadError(
            f"{name!r} could not be fetched from the Hugging Face hub "
            f"({type(error).__name__}: {reason:.300}); without it: {_manual_hint(repository)}"
        ) from None


def _cached_folder(hub: Any, repository: str) -> Path | None:
    """Return the cached folder with a model's files, under its name of today or without an owner.

    Until 2024 the repositories of GPT-2 had no owner: `gpt2`, cached as models--gpt2.
    """
    for name in (repository, repository.rpartition("/")[2]):
        paths = [hub.try_to_load_from_cache(name, file) for file in MODEL_FILES]
        if all(isinstance(path, str) for path in paths):
            return Path(paths[-1]).parent
    return None


def _download_files(hub: Any, repository: str) -> Path:
    revision, path = "main", Path()
    for file in FILES:
        # Without a network, the metadata request fails at once, a download only after 20 s.
        url = hub.hf_hub_url(repository, file, revision=revision)
        metadata = hub.get_hf_file_metadata(url, timeout=TIMEOUT, token=False)
        cached = hub.try_to_load_from_cache(repository, file, revision=revision)
        path = Path(
            hub.hf_hub_download(
                repository, file, revision=revision, etag_timeout=TIMEOUT, token=False
            )
        )
        if not isinstance(cached, str):
            _verify_checksum(path, metadata.etag)
        revision = metadata.commit_hash or revision  # take all files from one commit
    return path.parent


def _verify_checksum(path: Path, etag: str | None) -> None:
    """Compare a file with the hub's checksum: SHA-256 for a large file, else git's SHA-1.

    Deletes a file that differs, and raises DownloadError. Warns that nothing was compared if the
    hub gives no such checksum.
    """
    if etag is None or len(etag) not in (40, 64):
        warnings.warn(
            f"{path.name} could not be verified: the hub named no checksum for it", stacklevel=2
        )
        return
    if len(etag) == 64:
        with path.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    else:
        content = path.read_bytes()
        checksum = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    if checksum != etag:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise DownloadError(
            f"{path.name} arrived damaged: its checksum must begin with {etag[:12]}, but it begins "
            f"with {checksum[:12]}; it is deleted, try again"
        )


def _manual_hint(repository: str) -> str:
    return (
        f"put {join_and(FILES)} from "
        f"https://huggingface.co/{repository}/tree/main into a folder, and give the folder's path"
    )
