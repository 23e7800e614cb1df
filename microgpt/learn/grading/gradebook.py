"""The gradebook: its rows, and a CSV file that overwrites nothing but a gradebook."""

import csv
import errno
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from microgpt._io.atomic_write import atomic_write
from microgpt.errors import Described, NotWritable, SettingError


@dataclass(frozen=True)
class GradeRow:
    """One row of the gradebook; `state` is a `Result`'s, or "broken" if the code cannot be run."""

    file: str
    exercise: str
    state: str
    property: str
    message: str
    version: str
    seconds: float


COLUMNS = [field.name for field in fields(GradeRow)]


def check_writable(target: Path) -> None:
    """Raise OSError if the target cannot be written, before an hour of grading."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None


def check_not_overwriting(target: Path, submissions: Iterable[Path]) -> None:
    """Raise if the target is a submission, or an existing file that is not a gradebook."""
    if any(target.exists() and target.samefile(path) for path in submissions):
        raise NotWritable(f"{target} is one of the files to grade; name another one with --csv")
    if target.suffix.lower() != ".csv":
        raise SettingError("csv", "a file name that ends in .csv", Described(str(target)))
    if target.exists():
        with open(target, "rb") as stream:
            header = stream.readline(1000).decode("utf-8", "replace").strip()
        if header and header.split(",") != COLUMNS:
            raise NotWritable(
                f"{target} exists already and does not begin with a gradebook's header; name "
                f"another file with --csv"
            )


def write_csv(rows: Sequence[GradeRow], target: Path) -> None:
    """Write the rows as CSV, atomically."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow(map(_escape_formula, asdict(row).values()))
    with atomic_write(target) as stream:
        stream.write(text.getvalue().encode("utf-8", "backslashreplace"))


def _escape_formula(value: object) -> object:
    """Put a string on one line, with an apostrophe if a spreadsheet would read it as a formula."""
    if isinstance(value, str):
        value = " ".join(value.split())
        return f"'{value}" if value.startswith(("=", "+", "-", "@")) else value
    return value
