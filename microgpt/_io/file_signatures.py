"""What a file is by its first bytes, to name it where something else was expected."""

# How a file begins, what it is, and what to do with it ("" where that depends on what was looked
# for).
_SIGNATURES = (
    (b"version https://git-lfs.github.com/spec/", "a pointer of Git LFS, which stands for a file",
     "fetch the file with `git lfs pull`"),
    (b"\x1f\x8b\x08", "compressed with gzip", "unpack it with `gunzip`"),
    (b"BZh", "compressed with bzip2", "unpack it with `bunzip2`"),
    (b"\xfd7zXZ\0", "compressed with xz", "unpack it with `unxz`"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it with `unzstd`"),
    (b"PK\3\4", "a zip archive, or a document in one", "unpack it, or save it as plain text"),
    (b"%PDF-", "a PDF document", "save its text as a plain text file"),
    (b"{\\rtf", "a document in rich text format", "save it as plain text"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "save it as plain text"),
    (b"\x93NUMPY", "a NumPy array", ""),
    (b"\x89PNG", "an image", ""),
    (b"\xff\xd8\xff", "an image", ""),
    (b"\x89HDF\r\n", "an HDF5 file, as Keras writes it", ""),
    (b"SQLite format 3\0", "an SQLite database", "export its texts"),
    (b"PAR1", "a Parquet table", "export its texts"),
    (b"GGUF", "a model in GGUF format", ""),
)  # fmt: skip
_TAR_MAGIC = slice(257, 262)
SIGNATURE_BYTES = 262  # enough of a file to recognize it


def recognize(content: bytes) -> tuple[str, str] | None:
    """Return what a file is, from its first bytes, and what to do with it; None if unknown."""
    for signature, format, remedy in _SIGNATURES:
        if content.startswith(signature):
            return format, remedy
    if content[_TAR_MAGIC] == b"ustar":
        return "a tar archive", "unpack it"
    return None
