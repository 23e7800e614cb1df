"""`gpt2`: GPT-2's tokenizer, from a local or downloaded copy of its merges."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from microgpt._io import downloads
from microgpt._io.paths import data_dir, expand_user
from microgpt.errors import FormatError
from microgpt.tokenizers.bpe import BPETokenizer
from microgpt.tokenizers.merges_file import parse_merges, read_limited

VOCAB_BPE = downloads.RemoteFile(
    "vocab.bpe",
    "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/vocab.bpe",
    "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    offline_remedies=(
        "train a tokenizer on the {corpus}, with bpe:1000 as {tokenizer}",
        "give the {path} of a vocab.bpe or merges.txt that you have",
    ),
)
FILE_BYTES = 456_318
# tiktoken names a file in its cache after the SHA-1 of its URL.
TIKTOKEN_CACHE_NAME = hashlib.sha1(VOCAB_BPE.url.encode(), usedforsecurity=False).hexdigest()
FILE_NAMES = ("vocab.bpe", "merges.txt", TIKTOKEN_CACHE_NAME)


def gpt2(path: str | Path | None = None) -> BPETokenizer:
    """Load GPT-2's tokenizer: 50,257 tokens, the last one `<|endoftext|>`.

    The merges come from `path` (vocab.bpe, merges.txt, or a folder with one of them). Without a
    path, they come from the folder MICROGPT_DATA, tiktoken's cache, this package's cache, or the
    network (0.5 MB, once). They must have the published SHA-256, apart from line endings; no file
    is changed.
    """
    if path is not None:
        return _parse_verified(_locate(expand_user(path)))
    if (file := find_gpt2()) is not None:
        return parse_merges(file.read_bytes(), str(file))
    return _parse_verified(downloads.fetch(VOCAB_BPE))


def find_gpt2() -> Path | None:
    """Return the first local file that holds GPT-2's merges, or None; nothing is downloaded."""
    for file in local_candidates():
        if (content := _read_candidate(file)) is not None and _is_gpt2(content):
            return file
    return None


def _locate(path: Path) -> Path:
    if not path.is_dir():
        return path
    for folder in (path, path / "tiktoken-cache"):
        for name in FILE_NAMES:
            if (folder / name).is_file():
                return folder / name
    raise FormatError(
        f"{path} holds none of GPT-2's files; expected one of {', '.join(FILE_NAMES)}"
    )


def _parse_verified(file: Path) -> BPETokenizer:
    content = read_limited(file)
    if not _is_gpt2(content):
        digest = hashlib.sha256(content).hexdigest()
        raise FormatError(
            f"{file} is not GPT-2's list of merges: its SHA-256 must begin with "
            f"{VOCAB_BPE.sha256[:12]}, but it begins with {digest[:12]}; "
            "for another list, use tokenizers.read_merges"
        )
    return parse_merges(content, str(file))


def _read_candidate(file: Path) -> bytes | None:
    """Return the content of a file of the right size, or None for another size or no access."""
    with contextlib.suppress(OSError):
        if file.is_file() and file.stat().st_size == FILE_BYTES:
            return file.read_bytes()
    return None


def _is_gpt2(content: bytes) -> bool:
    lines = content.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
    return hashlib.sha256(lines).hexdigest() == VOCAB_BPE.sha256


def local_candidates() -> Iterator[Path]:
    """Yield the paths where GPT-2's merges may be, those that the user configured first."""
    if (configured := data_dir()) is not None:
        yield from (configured / name for name in FILE_NAMES)
        yield configured / "tiktoken-cache" / TIKTOKEN_CACHE_NAME
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if folder := os.environ.get(variable):
            yield Path(folder) / TIKTOKEN_CACHE_NAME
    yield Path(tempfile.gettempdir()) / "data-gym-cache" / TIKTOKEN_CACHE_NAME
    yield downloads.download_dir() / VOCAB_BPE.file_name
