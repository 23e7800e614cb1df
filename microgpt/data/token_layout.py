"""Detect where the token ids of a file begin, and their dtype.

A shard of llm.c is a header of 256 int32 (20240520, version 1, the number of tokens, zeros), then
one uint16 for each token, little-endian. Until April 2024 llm.c wrote bare int32 tokens. nanoGPT
writes bare uint16 tokens, others an array of NumPy (.npy). Files without a header are detected by
their content, with care: any file is an array of numbers.
"""

import codecs
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from microgpt._io.file_signatures import recognize
from microgpt.data.shard_header import HEADER_BYTES, header_error
from microgpt.data.text_files import check_characters
from microgpt.errors import FormatError

FORMATS = (None, "raw", "uint16", "npy", "shard")
NPY_MAGIC = b"\x93NUMPY"
SNIFFED_TOKENS = 2**16  # read to detect a file without a header
SNIFFED_TEXT = 2**12  # bytes; text has no control characters there
# The largest id is 50,303 in GPT-2's padded vocabulary; the 16 bits of other data go beyond it.
MAX_BARE_ID = 50_303
_MAX_LATIN = 0x250
_INT32, _UINT16 = np.dtype("<i4"), np.dtype("<u2")
_BARE: dict[str, np.dtype[Any]] = {"raw": _INT32, "uint16": _UINT16}

Layout = tuple[int, np.dtype[Any]]


def read_layout(path: Path, stream: BinaryIO, size: int, format: str | None) -> Layout:
    """Return the offset of the tokens and their dtype, after checking the file's size."""
    if not size:
        raise FormatError(f"{path} is empty; `microgpt tokenize` writes token shards")
    header = stream.read(HEADER_BYTES)
    if format == "npy" or (format is None and header.startswith(NPY_MAGIC)):
        return _npy_layout(path, stream, size)
    if format is None and (found := recognize(header)):
        description, remedy = found
        raise FormatError(f"{path} is {description}, not token ids", remedy)
    bare = _detect_bare(stream, size) if format is None else _BARE.get(format)
    if bare is not None:
        if size % bare.itemsize:
            raise FormatError(
                f"{path} has {size:,} bytes; raw {bare.name} tokens fill a multiple of "
                f"{bare.itemsize}"
            )
        return 0, bare
    problem = header_error(header, size)
    if problem:
        raise FormatError(f"{path} {problem}")
    return HEADER_BYTES, _UINT16


def _detect_bare(stream: BinaryIO, size: int) -> np.dtype[Any] | None:
    """Return the dtype of bare token ids, or None if a file does not look like any.

    int32 ids below 65,536 have zero upper halves. uint16 ids of GPT-2 or a smaller vocabulary are
    at most 50,303, unlike many halves of weights, compressed data and magic numbers; and as text
    they would have control characters.
    """
    stream.seek(0)
    content = stream.read(_INT32.itemsize * SNIFFED_TOKENS)
    if size % _INT32.itemsize == 0:
        ids = np.frombuffer(content, _INT32, count=len(content) // _INT32.itemsize)
        if ids.size and 0 <= ids.min() <= ids.max() < 2**16:
            return _INT32
    if size % _UINT16.itemsize or _is_text(content[:SNIFFED_TEXT]):
        return None
    halves = np.frombuffer(content, _UINT16, count=len(content) // _UINT16.itemsize)
    upper = halves[1::2]
    looks_int32 = 2 * np.count_nonzero(upper == 0) >= upper.size > 0
    return _UINT16 if halves.max() <= MAX_BARE_ID and not looks_int32 else None


def _is_text(content: bytes) -> bool:
    """Whether bytes are UTF-8, or Latin text in UTF-16, that may be cut inside a character."""
    for encoding, largest in (("utf-8", 0x110000), ("utf-16-le", _MAX_LATIN)):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(content)
            check_characters(text, encoding)
        except (UnicodeDecodeError, FormatError):
            continue
        if 2 * sum(ord(character) < largest for character in text) > len(text):
            return True
    return False


def _npy_layout(path: Path, stream: BinaryIO, size: int) -> Layout:
    """Read the header of a .npy file, which is a literal of Python; nothing in it is run."""
    stream.seek(0)
    try:
        version = np.lib.format.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version}; known: 1.0, 2.0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files of Python 2
            read = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, _, dtype = read(stream)
    except Exception as error:  # whatever Python's tokenizer and parser raise
        reason = " ".join(str(error).split())
        raise FormatError(f"{path} has no header of a .npy file: {reason:.200}") from None
    if len(shape) != 1 or dtype.kind not in "iu" or dtype != dtype.newbyteorder("<"):
        raise FormatError(
            f"{path} must hold token ids, little-endian integers in one dimension; got "
            f"{dtype!s:.60} of shape {shape!s:.60}"
        )
    offset = stream.tell()
    if offset + shape[0] * dtype.itemsize != size:
        raise FormatError(
            f"{path} must have {offset + shape[0] * dtype.itemsize:,} bytes, as its header says; "
            f"it has {size:,}; write or fetch it again"
        )
    return offset, dtype
