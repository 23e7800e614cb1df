"""`Grader`: grade each file in a worker process, with one row for each file and exercise."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import microgpt
from microgpt.config.checks import check_integer
from microgpt.errors import Described, FormatError, SettingError
from microgpt.learn import registry
from microgpt.learn.grading.gradebook import GradeRow
from microgpt.learn.grading.submissions import Submission, read_submission, untagged_message
from microgpt.learn.grading.worker import BROKEN, MEMORY_UNLIMITED, OUT_OF_MEMORY
from microgpt.learn.messages import format_message, message_section


@dataclass(frozen=True)
class ResourceLimits:
    """The limits for one file: wall-clock seconds, and address space if the system can limit it."""

    seconds: float = 60.0
    memory_bytes: int = 4 << 30


class Grader:
    """Grades files: iterating over it yields a list of rows per file; `len()` is their number.

    Every file gets a row for every exercise that any of the files answers, in a fixed order.
    `exercises_file` is a teacher's file of exercises; Python files are then graded on these alone.
    `memory_unlimited` is set, after the first file, if this system cannot limit memory.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        seed: int,
        exercises_file: str | Path | None = None,
        limits: ResourceLimits | None = None,
        backend: str | None = None,
    ):
        self.seed = check_integer("seed", seed, minimum=0)
        self.limits, self.backend = limits or ResourceLimits(), backend
        self.exercises_file = None if exercises_file is None else Path(exercises_file).resolve()
        self.files = list(_find_files(paths))
        self.unreadable: dict[Path, str] = {}
        self.submissions: dict[Path, Submission] = {}
        self.memory_unlimited = False
        self.exercise_ids = self._read_submissions()

    def _read_submissions(self) -> list[str]:
        """Read every file, record errors, and return the ids of all exercises that files answer."""
        exercises = (
            registry.exercises()
            if self.exercises_file is None
            else registry.load(self.exercises_file)
        )
        answered: set[str] = set()
        for _, path in self.files:
            try:
                self.submissions[path] = read_submission(path, exercises)
                answered |= self.submissions[path].answers.keys()
            except (FormatError, OSError) as error:
                self.unreadable[path] = str(error)
        known = [exercise.id for exercise in registry.exercises()]
        return [id for id in known if id in answered] + sorted(answered - set(known))

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[list[GradeRow]]:
        for name, path in self.files:
            if path in self.unreadable:
                error = self.unreadable[path]
                yield [_broken_row(name, id, error) for id in self.exercise_ids or [""]]
            elif not self.exercise_ids:
                message = untagged_message(self.submissions[path].untagged)
                default = message_section("grading")["nothing_to_grade"]
                yield [_broken_row(name, "", message or default)]
            else:
                yield self._grade(name, path)

    def _grade(self, name: str, path: Path) -> list[GradeRow]:
        """Return the rows of one file; an exercise that ends the process costs only its own row."""
        rows: dict[str, GradeRow] = {}
        fatal: list[str] = []  # exercises that ended a worker process, skipped by the next
        deadline = time.monotonic() + self.limits.seconds
        while len(rows) < len(self.exercise_ids):
            missing = [id for id in self.exercise_ids if id not in rows]
            new_rows, last_begun, error = self._grade_in_process(
                path, missing, fatal, deadline - time.monotonic()
            )
            rows |= {row["exercise"]: GradeRow(name, **row) for row in new_rows}
            if last_begun is None or last_begun in fatal:  # other code of the file ended it
                rows |= {id: _broken_row(name, id, error) for id in missing if id not in rows}
            elif len(rows) < len(self.exercise_ids):
                fatal.append(last_begun)
                rows.setdefault(last_begun, _broken_row(name, last_begun, error))
        return [rows[id] for id in self.exercise_ids]

    def _grade_in_process(
        self, path: Path, ids: list[str], skip: list[str], seconds: float
    ) -> tuple[list[dict], str | None, str]:
        """Run one worker; return its rows, the exercise it began last, and why any are missing."""
        error = format_message("grading", "file_timed_out", limit=f"{self.limits.seconds:g}")
        if seconds <= 0:
            return [], None, error
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            out, work_dir = Path(folder) / "rows", Path(folder) / "work"
            work_dir.mkdir()
            request = {
                "submission": asdict(self.submissions[path]),
                "ids": ids,
                "skip": skip,
                "exercises_file": self.exercises_file and str(self.exercises_file),
                "seed": self.seed,
                "memory_bytes": self.limits.memory_bytes,
                "seconds": seconds,
                "folders": [str(path.parent), os.getcwd()],
                "out": str(out),
            }
            status = self._run_worker(json.dumps(request), work_dir, seconds)
            lines = out.read_text("utf-8").splitlines() if out.is_file() else []
        parsed = [_parse_line(line) for line in lines]
        notes = [line["note"] for line in parsed if "note" in line]
        self.memory_unlimited |= MEMORY_UNLIMITED in notes
        if status is not None:
            killed = (status < 0 or OUT_OF_MEMORY in notes) and MEMORY_UNLIMITED not in notes
            key = "out_of_memory" if killed else "process_ended"
            error = format_message("grading", key, status=status)
        begun = [note for note in notes if note in self.exercise_ids]
        rows = [line for line in parsed if line.get("exercise") in ids]
        return rows, begun[-1] if begun else None, error

    def _run_worker(self, request: str, work_dir: Path, seconds: float) -> int | None:
        """Run one worker process and return its exit status, None if it timed out."""
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
            cwd=work_dir,
            env=environment,
            start_new_session=True,
            text=True,
        )
        try:
            process.communicate(request, timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _kill(process)
        return process.returncode


def _kill(process: subprocess.Popen) -> None:
    """Kill the process and, on systems with process groups, all processes that it started."""
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.poll()
    elif process.poll() is None:
        process.kill()
    process.wait()


def _parse_line(line: str) -> dict[str, Any]:
    """Parse a worker's row or note; {} for any other line, since submissions can write there."""
    try:
        parsed = json.loads(line)
    except ValueError:
        return {}
    keys = ({field.name for field in fields(GradeRow)} - {"file"}, {"note"})
    return parsed if isinstance(parsed, dict) and parsed.keys() in keys else {}


def _broken_row(name: str, id: str, message: str) -> GradeRow:
    return GradeRow(name, id, BROKEN, "", message, microgpt.__version__, 0.0)


def _find_files(paths: Sequence[str | Path]) -> Iterator[tuple[str, Path]]:
    """Yield every notebook and Python file, in a fixed order, with its name in the gradebook."""
    count = 0
    for path in map(Path, paths):
        if not path.is_dir() and not path.is_file():
            raise SettingError(
                "submissions", "files and folders", Described(f"{path}, which does not exist")
            )
        for file in _submissions_in(path) if path.is_dir() else [path]:
            count += 1
            # With several folders, names include the folder: each may have a hw.ipynb.
            name = file.relative_to(path) if path.is_dir() and len(paths) == 1 else file
            yield name.as_posix(), file.resolve()
    if not count:
        raise SettingError("submissions", "notebooks or Python files, or folders of them", paths)


def _submissions_in(folder: Path) -> list[Path]:
    """Return the notebooks and Python files at any depth of a folder, except hidden ones."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix in (".ipynb", ".py")
        and file.is_file()
        and not any(part.startswith((".", "__")) for part in file.relative_to(folder).parts)
    )
