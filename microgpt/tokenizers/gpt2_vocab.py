"""`gpt2`: GPT-2's tokenizer, from wherever its list of merges is."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from microgpt._io import downloads
from microgpt._io.atomic_write import expand_user
from microgpt._io.paths import data_dir
from microgpt.errors import FormatError
from microgpt.tokenizers.bpe import BPETokenizer
from microgpt.tokenizers.merges_file import parse_merges, read_limited

SOURCE = downloads.RemoteFile(
    "vocab.bpe",
    "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/vocab.bpe",
    "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    offline_hint="train a tokenizer of your own (tokenizers.train_bpe), or hand over the path of a "
    "vocab.bpe or merges.txt that you have (tokenizers.gpt2(path))",
)
SIZE = 456_318
# tiktoken names a file in its cache after the address it came from.
IN_TIKTOKENS_CACHE = hashlib.sha1(SOURCE.url.encode(), usedforsecurity=False).hexdigest()
NAMES = ("vocab.bpe", "merges.txt", IN_TIKTOKENS_CACHE)


def gpt2(path: str | Path | None = None) -> BPETokenizer:
    """GPT-2's tokenizer: 50,257 tokens, the last one `<|endoftext|>`.

    From a `path` (vocab.bpe, merges.txt, or a folder with one of them); without one, from the
    folder MICROGPT_DATA, tiktoken's cache, this package's cache, or the network (0.5 MB, once).
    What is read has the published SHA-256, line ends aside; no file is changed.
    """
    if path is not None:
        return _parsed(_given(expand_user(path)))
    for file in nearby():
        if (content := _content(file)) is not None and _is_gpt2(content):
            return parse_merges(content, str(file))
    return _parsed(downloads.fetch(SOURCE))


def _given(path: Path) -> Path:
    if not path.is_dir():
        return path
    for folder in (path, path / "tiktoken-cache"):
        for name in NAMES:
            if (folder / name).is_file():
                return folder / name
    raise FormatError(f"{path} holds none of GPT-2's files; expected one of {', '.join(NAMES)}")


def _parsed(file: Path) -> BPETokenizer:
    content = read_limited(file)
    if not _is_gpt2(content):
        raise FormatError(
            f"{file} is not GPT-2's list of merges: its SHA-256 must begin with "
            f"{SOURCE.sha256[:12]}, but it begins with {hashlib.sha256(content).hexdigest()[:12]}; "
            "for another list, use tokenizers.read_merges"
        )
    return parse_merges(content, str(file))


def _content(file: Path) -> bytes | None:
    """What is in a file of the right size; None too where nobody may look."""
    with contextlib.suppress(OSError):
        if file.is_file() and file.stat().st_size == SIZE:
            return file.read_bytes()
    return None


def _is_gpt2(content: bytes) -> bool:
    lines = content.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
    return hashlib.sha256(lines).hexdigest() == SOURCE.sha256


def nearby() -> Iterator[Path]:
    """The files that may be it, those that someone named first."""
    if (given := data_dir()) is not None:
        yield from (given / name for name in NAMES)
        yield given / "tiktoken-cache" / IN_TIKTOKENS_CACHE
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if folder := os.environ.get(variable):
            yield Path(folder) / IN_TIKTOKENS_CACHE
    yield Path(tempfile.gettempdir()) / "data-gym-cache" / IN_TIKTOKENS_CACHE
    yield downloads.download_dir() / SOURCE.file_name
