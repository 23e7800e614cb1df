"""The table of grades: its rows, and a file that never takes the place of someone's work."""

import csv
import errno
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from microgpt.checkpoints import atomic_write
from microgpt.errors import NotWritable, SettingError


@dataclass(frozen=True)
class GradeRow:
    """One row of a table of grades; `state` is a result's, or "broken" for what cannot be run."""

    file: str
    exercise: str
    state: str
    property: str
    message: str
    version: str
    seconds: float


def check_writable(target: Path) -> None:
    """OSError now, and not after an hour, if the table cannot be written there."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None


def check_not_overwriting(target: Path, inputs: Iterable[Path]) -> None:
    """Refuse a table in the place of a submission, or of a file that is no table of grades."""
    if any(target.exists() and target.samefile(path) for path in inputs):
        raise NotWritable(f"{target} is one of the files to grade; name another one with --csv")
    if target.suffix.lower() != ".csv":
        raise SettingError(f"the table's name must end in .csv; got {target}")
    if target.exists():
        with open(target, "rb") as stream:
            first = stream.readline(1000).decode("utf-8", "replace").strip()
        if first and first.split(",") != [field.name for field in fields(GradeRow)]:
            raise NotWritable(
                f"{target} is there already and does not begin as a table of grades does; name "
                f"another file with --csv"
            )


def write_csv(rows: Sequence[GradeRow], target: Path) -> None:
    """The rows as CSV, complete or not at all."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(field.name for field in fields(GradeRow))
    for row in rows:
        table.writerow(map(_harmless, asdict(row).values()))
    with atomic_write(target) as stream:
        stream.write(text.getvalue().encode("utf-8", "backslashreplace"))


def _harmless(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    if isinstance(value, str):
        value = " ".join(value.split())
        return f"'{value}" if value.startswith(("=", "+", "-", "@")) else value
    return value
