"""Grading files: a process of its own for each, and one row for each file and exercise."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import microgpt
from microgpt.errors import FormatError, SettingError
from microgpt.learn import registry
from microgpt.learn.exercise import Exercise
from microgpt.learn.grading import submissions
from microgpt.learn.grading.gradebook import GradeRow
from microgpt.learn.grading.worker import BROKEN, STARVED, UNLIMITED
from microgpt.learn.messages import format_message


@dataclass(frozen=True)
class ResourceLimits:
    """What one file may use: seconds of wall time, and bytes of address space where known."""

    seconds: float = 60.0
    memory: int = 4 << 30


class Grader:
    """Grades a list of files: `len()` of them, one list of rows for each when iterated over.

    Every file gets a row for every exercise that any of them has, in a fixed order. `own` is a
    teacher's file of exercises; scripts are then graded on those alone. After the first file,
    `unlimited` says whether this system cannot limit memory.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        seed: int,
        own: str | Path | None = None,
        limits: ResourceLimits | None = None,
        backend: str | None = None,
    ):
        if seed < 0:
            raise SettingError(f"seed must be 0 or above; got {seed}")
        self.seed, self.limits, self.backend = seed, limits or ResourceLimits(), backend
        self.own = None if own is None else Path(own).resolve()
        known = registry.exercises() if own is None else registry.load(own)
        self.files = list(_files(paths))
        self.broken: dict[Path, str] = {}
        self.untagged: dict[Path, dict[str, str]] = {}
        self.unlimited = False
        self.ids = self._ids(known)

    def _ids(self, known: Sequence[Exercise]) -> list[str]:
        found: set[str] = set()
        for _, path in self.files:
            try:
                submission = submissions.read(path, known)
                found |= submission.answers.keys()
                self.untagged[path] = submission.untagged
            except (FormatError, OSError) as error:
                self.broken[path] = str(error)
        order = [exercise.id for exercise in registry.exercises()]
        return [id for id in order if id in found] + sorted(found - set(order))

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[list[GradeRow]]:
        for name, path in self.files:
            if path in self.broken:
                yield [_broken(name, id, self.broken[path]) for id in self.ids or [""]]
            elif not self.ids:
                found = submissions.found_untagged(self.untagged.get(path, {}))
                yield [_broken(name, "", found or format_message("grading", "nothing"))]
            else:
                yield self._graded(name, path)

    def _graded(self, name: str, path: Path) -> list[GradeRow]:
        """Every row of one file; an exercise that ends the process costs only its own."""
        rows: dict[str, GradeRow] = {}
        fatal: list[str] = []  # exercises that ended a process: another one goes on without them
        end = time.monotonic() + self.limits.seconds
        while len(rows) < len(self.ids):
            open_ids = [id for id in self.ids if id not in rows]
            marked, begun, trouble = self._marked(path, open_ids, fatal, end - time.monotonic())
            rows |= {row["exercise"]: GradeRow(name, **row) for row in marked}
            if begun is None or begun in fatal:  # none of them did: it is the file
                rows |= {id: _broken(name, id, trouble) for id in open_ids if id not in rows}
            elif len(rows) < len(self.ids):
                fatal.append(begun)
                rows.setdefault(begun, _broken(name, begun, trouble))
        return [rows[id] for id in self.ids]

    def _marked(
        self, path: Path, ids: list[str], skip: list[str], seconds: float
    ) -> tuple[list[dict], str | None, str]:
        """The rows that one process writes, what it began last, and why it left some out."""
        trouble = format_message("grading", "too_long", limit=f"{self.limits.seconds:g}")
        if seconds <= 0:
            return [], None, trouble
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            out, desk = Path(folder) / "rows", Path(folder) / "desk"
            desk.mkdir()
            request = {
                "file": str(path), "ids": ids, "skip": skip, "own": self.own and str(self.own),
                "seed": self.seed, "memory": self.limits.memory, "seconds": seconds,
                "folders": [str(path.parent), os.getcwd()], "out": str(out),
            }  # fmt: skip
            status = self._run(json.dumps(request), desk, seconds)
            lines = out.read_text("utf-8").splitlines() if out.is_file() else []
        notes = [line["note"] for line in map(_parsed, lines) if "note" in line]
        self.unlimited |= UNLIMITED in notes
        if status is not None:
            starved = (status < 0 or STARVED in notes) and UNLIMITED not in notes
            trouble = format_message("grading", "starved" if starved else "died", status=status)
        begun = [note for note in notes if note in self.ids]
        rows = [line for line in map(_parsed, lines) if line.get("exercise") in ids]
        return rows, (begun or [None])[-1], trouble

    def _run(self, request: str, desk: Path, seconds: float) -> int | None:
        """Run one marking process; its exit status, or None if it took too long."""
        environment = {
            **{name: value for name, value in os.environ.items() if name != "DISPLAY"},
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": "Agg",
            "PYTHONPATH": os.pathsep.join(
                [str(Path(microgpt.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
            ).rstrip(os.pathsep),
        }
        if self.backend is not None:
            environment["MICROGPT_BACKEND"] = self.backend
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "microgpt.learn.grading.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=desk,
            env=environment,
            start_new_session=True,
            text=True,
        )
        try:
            process.communicate(request, timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
        return process.returncode


def _end(process: subprocess.Popen) -> None:
    """End the process and, where there are process groups, all that it started."""
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.poll()
    elif process.poll() is None:
        process.kill()
    process.wait()


def _parsed(line: str) -> dict[str, Any]:
    """A row or a note of the marking process; nothing for others': its file could be found."""
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    wanted = ({field.name for field in fields(GradeRow)} - {"file"}, {"note"})
    return row if isinstance(row, dict) and row.keys() in wanted else {}


def _broken(name: str, id: str, message: str) -> GradeRow:
    return GradeRow(name, id, BROKEN, "", message, microgpt.__version__, 0.0)


def _files(paths: Sequence[str | Path]) -> Iterator[tuple[str, Path]]:
    """Every notebook and Python file with the name it goes by in the table, in a fixed order."""
    count = 0
    for given in map(Path, paths):
        found = [given]
        if given.is_dir():
            found = sorted(
                path
                for path in given.rglob("*")
                if path.suffix in (".ipynb", ".py")
                and path.is_file()
                and not any(part.startswith((".", "__")) for part in path.relative_to(given).parts)
            )
        elif not given.is_file():
            raise SettingError(f"there is no file and no folder {given}")
        for path in found:
            count += 1
            # Of several folders, the name says which one: both may have a hw.ipynb.
            alone = given.is_dir() and len(paths) == 1
            name = path.relative_to(given) if alone else path
            yield name.as_posix(), path.resolve()
    if not count:
        raise SettingError("there is no notebook and no Python file to grade there")
