"""The worker process for one submission: execute its cells and check its answers.

The request is JSON on standard input. The result of each exercise is written at once, as a line of
JSON, to the file that the request names. Before a cell runs, a line {"note": id} is written, so
that the runner knows which exercise ended the process.
"""

import contextlib
import json
import linecache
import os
import random
import shutil
import sys
import time
import types
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from microgpt import __version__
from microgpt.errors import MicrogptError
from microgpt.learn import registry, time_limit
from microgpt.learn.answer_stub import todo
from microgpt.learn.check_answer import check
from microgpt.learn.exercise import Exercise
from microgpt.learn.formatting import format_value
from microgpt.learn.grading.submissions import (
    Submission,
    possible_file_names,
    untagged_message,
)
from microgpt.learn.messages import format_message, message_section
from microgpt.learn.results import NOT_ATTEMPTED, NOT_YET, Result

BROKEN = "broken"
MEMORY_UNLIMITED = "memory is not limited"
OUT_OF_MEMORY = "memory ran out"


def main() -> None:
    """Grade the submission of the request on standard input, then exit."""
    request = json.loads(sys.stdin.read())
    random.seed(request["seed"])
    np.random.seed(request["seed"] % 2**32)
    if request["exercises_file"]:
        registry.load(request["exercises_file"])
    registry.disable_loading()
    with open(request["out"], "w", encoding="utf-8") as out:
        if not _limit_memory(request["memory_bytes"]):
            out.write(json.dumps({"note": MEMORY_UNLIMITED}) + "\n")
        try:
            GradingWorker(request, out).run()
        except MemoryError:
            out.write(json.dumps({"note": OUT_OF_MEMORY}) + "\n")
            out.flush()
            os._exit(1)
    os._exit(0)  # do not wait for abandoned threads


def _limit_memory(num_bytes: int) -> bool:
    """Limit the address space; return False if the system cannot."""
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = num_bytes if hard == resource.RLIM_INFINITY else min(num_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ImportError, ValueError, OSError, OverflowError):  # no module on Windows; macOS refuses
        return False
    return True


class GradingWorker:
    """Grades a submission: executes its cells in order, and checks each answer after its cell.

    The request's `skip` lists exercises that ended an earlier process, `ids` those that still need
    a row. The cells of the others run too, since later cells may use the names they bind.
    """

    def __init__(self, request: dict[str, Any], out: TextIO):
        self.request, self.out = request, out
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self.deadline = time.monotonic() + request["seconds"]

    def run(self) -> None:
        """Execute the submission and write a row for each of the request's exercises."""
        known = {exercise.id: exercise for exercise in registry.exercises()}
        submission = Submission(**self.request["submission"])
        if submission.is_script:  # under another name than "__main__"
            module = sys.modules["submission"] = types.ModuleType("submission")
            self.namespace = vars(module)
        ids = self.request["ids"]
        unanswered = [id for id in ids if id in known and id not in submission.answers]
        for id in ids:
            if id not in known:
                message = format_message("grading", "unknown_exercise", id=id)
                self._write_row(id, BROKEN, message=message)
        # If a script defines no answer, the error that ended it is a better message.
        has_answers = bool(submission.answers) or not submission.is_script
        if has_answers:
            self._write_unanswered(unanswered, submission)
        for source in (submission.imports, *submission.answers.values()):
            self._copy_named_files(source)
        error = self._execute(submission.imports, "the imports")
        if not has_answers:
            self._write_unanswered(unanswered, submission, error)
        for id, source in submission.answers.items():
            if id not in known or id in self.request["skip"]:
                continue
            self._write({"note": id})
            cell_error = ""
            if not submission.is_script:
                self.namespace.pop(known[id].answer_name, None)
                cell_error = self._execute_in_time(source, id)
            if id in ids:
                key = "script_runs" if submission.is_script else "cell_runs"
                self._grade(known[id], cell_error or error, message_section("grading")[key])

    def _write_unanswered(self, ids: list[str], submission: Submission, error: str = "") -> None:
        """Write the rows of exercises that the file does not answer."""
        for id in ids:
            state, message = NOT_ATTEMPTED, message_section("grading")["no_answer"]
            if error:
                state, message = BROKEN, error
            elif id in submission.untagged:
                found = untagged_message({id: submission.untagged[id]})
                message = format_message("grading", "no_answer_but", found=found)
            self._write_row(id, state, message=message)

    def _copy_named_files(self, source: str) -> None:
        """Copy files named in the code, such as a corpus, to the folder in which it runs."""
        work_dir = Path.cwd()
        for name in possible_file_names(source):
            target = Path(os.path.normpath(work_dir / name))
            if work_dir not in target.parents:
                continue
            for folder in map(Path, self.request["folders"]):
                with contextlib.suppress(OSError):  # the string is not a valid file name
                    if not target.exists() and (folder / name).is_file():
                        target.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(folder / name, target)

    def _execute_in_time(self, source: str, name: str) -> str:
        """Execute a cell and return its error, "" if none.

        The limit is half of the time left, so that later cells have time too.
        """
        errors: list[str] = []
        limit = max(0.1, (self.deadline - time.monotonic()) / 2)
        status = time_limit.TimeLimitedCall(
            lambda: errors.append(self._execute(source, name)), limit, limit
        ).run()
        if status == "done" and errors:
            return errors[0]
        return format_message("grading", "cell_timed_out", limit=f"{limit:.0f}")

    def _execute(self, source: str, name: str) -> str:
        """Execute code and return its error on one line, "" if there is none."""
        file = f"<{name}>"
        # Where `inspect` looks for the source of a kernel, and a card for the line that raised.
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        try:
            exec(compile(source, file, "exec"), self.namespace)
        except time_limit.TimeLimitExceeded:
            raise
        except BaseException as error:
            return format_value(f"{type(error).__name__}: {error}".replace(os.getcwd(), "."))
        return ""

    def _grade(self, exercise: Exercise, error: str, runs: str) -> None:
        """Check the answer that the cell has bound, and write its row.

        `runs` is the property that failed if the cell raised `error` before it bound an answer.
        """
        id, name = exercise.id, exercise.answer_name
        if name not in self.namespace:
            if error.startswith("NotImplementedError"):
                message = message_section("grading")["no_answer"]
                self._write_row(id, NOT_ATTEMPTED, message=message)
            elif error:
                self._write_row(id, NOT_YET, runs, _explain_name_error(error))
            else:
                self._write_row(id, NOT_YET, format_message("grading", "defines_answer", name=name))
            return
        start = time.perf_counter()
        try:
            result = check(exercise, self.namespace.get(name, todo()), self.request["seed"])
        except MicrogptError as broken_exercise:
            self._write_row(id, BROKEN, message=str(broken_exercise))
            return
        seconds = time.perf_counter() - start
        self._write_row(id, result.state, result.property, _message(result), seconds)

    def _write_row(
        self, id: str, state: str, failed: str = "", message: str = "", seconds: float = 0.0
    ) -> None:
        """Write the fields of a `GradeRow` except the file's name."""
        row = {"exercise": id, "state": state, "property": failed, "message": message,
               "version": __version__, "seconds": round(seconds, 2)}  # fmt: skip
        self._write(row)

    def _write(self, line: dict[str, Any]) -> None:
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()


def _explain_name_error(error: str) -> str:
    """Return the error; explain a NameError with the likely reason."""
    if error.startswith("NameError"):
        return format_message("grading", "name_missing", error=error)
    return error


def _message(result: Result) -> str:
    """Return why the answer is wrong; without numbers, whose last digits differ by machine."""
    if not isinstance(result.got, str):
        return result.cause
    if result.got.startswith("NameError"):
        return _explain_name_error(result.got)
    return f"{result.cause} ({result.got})".lstrip()


if __name__ == "__main__":
    main()
