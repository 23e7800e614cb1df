"""What is no text is named, and what has two forms of a letter is noted."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import numpy as np
import pytest

from microgpt.data import load_corpus
from microgpt.errors import FormatError

TEXT = "emma\nolivia\nava\n" * 40


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("names.txt", TEXT)
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("names.txt")
        info.size = len(TEXT)
        archive.addfile(info, io.BytesIO(TEXT.encode()))
    return stream.getvalue()


def array_file() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(100))
    return stream.getvalue()


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(TEXT.encode()), "compressed with gzip, not text; unpack it with `gunzip`"),
        (bz2.compress(TEXT.encode()), "compressed with bzip2"),
        (lzma.compress(TEXT.encode()), "compressed with xz"),
        (zipped(), "a zip archive"),
        (tarred(), "a tar archive"),
        (array_file(), "a NumPy array"),
        (LFS.encode(), "a pointer of Git LFS, .*`git lfs pull`"),
        (TEXT.encode("utf-16"), "UTF-16 or UTF-32, not text; save it as UTF-8"),
        (TEXT.encode("utf-16-le"), "UTF-16 or UTF-32"),
        (TEXT.encode("utf-16-be"), "UTF-16 or UTF-32"),
        (TEXT.encode("utf-32"), "UTF-16 or UTF-32"),
        (np.random.default_rng(0).integers(0, 65, 5000).astype("<u2").tobytes(), "binary data"),
        (np.random.default_rng(0).choice([13, 198, 318, 2159], 5000).astype("<u2").tobytes(),
         r"binary data \(byte \d+ is 0\), not text; if it holds token ids"),
        (b"emma\0olivia\n", "binary data .byte 4 is 0."),
        (b"a\0b", "binary data .byte 1 is 0."),
        (bytes(range(1, 32)) * 10, "control characters"),
        (b"caf\xe9", "not UTF-8 text: byte 3"),
        (b"%PDF-1.7 text", "a PDF document"),
    ],
    ids=lambda value: value if isinstance(value, str) else "content",
)  # fmt: skip
def test_files_that_hold_no_text_are_named(tmp_path, content, message):
    path = tmp_path / "corpus.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        load_corpus(path)


@pytest.mark.parametrize("text", [TEXT, "\ufeff" + TEXT, TEXT.replace("\n", "\r\n"), "日本語\nжук",
                                  TEXT + "\x0c\x1a", "a\x07b" * 2 + TEXT, "P" + TEXT])  # fmt: skip
def test_text_is_text(tmp_path, text):
    path = tmp_path / "corpus.txt"
    path.write_bytes(text.encode())
    assert load_corpus(path).documents


def test_pasted_text_is_held_to_the_same():
    with pytest.raises(FormatError, match=r"the character NUL \(character 2\)"):
        load_corpus(text="a\0b")
    with pytest.raises(FormatError, match="is empty"):
        load_corpus(text="")


def test_two_forms_of_a_letter_are_noted():
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    with pytest.warns(UserWarning, match="has '\u00e9' both as one character and .*NFC"):
        load_corpus(text=f"{composed}\n{decomposed}")
    for text in (composed, decomposed, "e\u0301\n\u00e0"):  # one form of each letter
        load_corpus(text=text)
