"""What runs in a process of its own for each submission: run its cells, check its answers.

The request comes as JSON on the standard input; a line of JSON for each exercise goes to the file
that the request names, as soon as it is known. Before a cell runs, a line {"note": its id} says so.
"""

import contextlib
import json
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
from microgpt.learn.check_answer import check
from microgpt.learn.equality import format_value
from microgpt.learn.exercise import Exercise
from microgpt.learn.grading import submissions
from microgpt.learn.messages import format_message
from microgpt.learn.results import NOT_ATTEMPTED, NOT_YET, Result
from microgpt.learn.stub import todo

BROKEN = "broken"
UNLIMITED = "memory is not limited"
STARVED = "memory ran out"


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.read())
    random.seed(request["seed"])
    np.random.seed(request["seed"] % 2**32)
    if request["own"]:
        registry.load(request["own"])
    registry.seal()
    with open(request["out"], "w", encoding="utf-8") as out:
        if not _limit_memory(request["memory"]):
            out.write(json.dumps({"note": UNLIMITED}) + "\n")
        try:
            MemorizationCheck(request, out).run()
        except MemoryError:
            out.write(json.dumps({"note": STARVED}) + "\n")
            out.flush()
            os._exit(1)
    os._exit(0)  # threads that could not be stopped are left behind


def _limit_memory(size: int) -> bool:
    """Set the most address space, in bytes; False on systems that cannot limit it."""
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ImportError, ValueError, OSError, OverflowError):  # Windows; macOS refuses
        return False
    return True


class MemorizationCheck:
    """The marking of one file: the names its code has bound so far, and where rows go.

    The cells run in the order of the file, each checked when it has run. `skip` names those that
    ended an earlier process; `ids` those that still want a row: the others run for what they bind.
    """

    def __init__(self, request: dict[str, Any], out: TextIO):
        self.request, self.out = request, out
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.end = time.monotonic() + request["seconds"]

    def run(self) -> None:
        """Run what may be run and write one row for each exercise asked for."""
        known = {exercise.id: exercise for exercise in registry.exercises()}
        submission = submissions.read(Path(self.request["file"]), list(known.values()))
        if submission.is_script:  # its `if __name__ == "__main__":` is not for us
            module = sys.modules["submission"] = types.ModuleType("submission")
            self.names = vars(module)
        wanted = self.request["ids"]
        absent = [id for id in wanted if id in known and id not in submission.answers]
        for id in wanted:
            if id not in known:
                self._row(id, BROKEN, message=format_message("grading", "unknown", id=id))
        answers_nothing = submission.is_script and not submission.answers
        if not answers_nothing:
            self._empty_optional(absent, submission)
        for text in (submission.imports, *submission.answers.values()):
            self._bring_files(text)
        trouble = self._execute(submission.imports, "the imports")
        if answers_nothing:  # because it never came so far?
            self._empty_optional(absent, submission, trouble)
        for id, source in submission.answers.items():
            if id not in known or id in self.request["skip"]:
                continue
            self._write({"note": id})
            failed = ""
            if not submission.is_script:
                self.names.pop(known[id].answer, None)
                failed = self._limited(source, id)
            if id in wanted:
                runs = "script_runs" if submission.is_script else "cell_runs"
                self._mark(known[id], failed or trouble, format_message("grading", runs))

    def _empty_optional(
        self, ids: list[str], submission: submissions.Submission, trouble: str = ""
    ) -> None:
        """The rows of exercises that the file has no answer to."""
        for id in ids:
            state, message = NOT_ATTEMPTED, format_message("grading", "absent")
            if trouble:
                state, message = BROKEN, trouble
            elif id in submission.untagged:
                found = submissions.found_untagged({id: submission.untagged[id]})
                message = format_message("grading", "absent_untagged", found=found)
            self._row(id, state, message=message)

    def _bring_files(self, source: str) -> None:
        """Copy the files that code names, such as a corpus, to where it runs; nothing is moved."""
        desk = Path.cwd()
        for name in submissions.texts(source):
            target = Path(os.path.normpath(desk / name))
            for folder in map(Path, self.request["folders"]):
                with contextlib.suppress(OSError):  # a text that can be no file's name
                    if desk in target.parents and not target.exists() and (folder / name).is_file():
                        target.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(folder / name, target)

    def _limited(self, source: str, name: str) -> str:
        """Run a cell for half of the time that is left, so that the others get theirs."""
        trouble: list[str] = []
        most = max(0.1, (self.end - time.monotonic()) / 2)
        ended = time_limit.TimeLimitedCall(
            lambda: trouble.append(self._execute(source, name)), most, most
        ).run()
        if ended == "done" and trouble:
            return trouble[0]
        return format_message("grading", "cell_too_long", limit=f"{most:.0f}")

    def _execute(self, source: str, name: str) -> str:
        """Run code; what went wrong, in a line, or nothing."""
        try:
            exec(compile(source, f"<{name}>", "exec"), self.names)
        except time_limit.TimeLimitExceeded:
            raise
        except BaseException as error:
            place = os.getcwd()
            return format_value(f"{type(error).__name__}: {error}".replace(place, "."))
        return ""

    def _mark(self, exercise: Exercise, trouble: str, runs: str) -> None:
        bound = exercise.answer in self.names
        if trouble and not bound:
            if trouble.startswith("NotImplementedError"):
                self._row(exercise.id, NOT_ATTEMPTED, message=format_message("grading", "absent"))
            else:
                self._row(exercise.id, NOT_YET, runs, _alone(trouble))
            return
        if not bound:
            defined = format_message("grading", "defines", name=exercise.answer)
            self._row(exercise.id, NOT_YET, defined)
            return
        start = time.perf_counter()
        try:
            result = check(exercise, self.names.get(exercise.answer, todo()), self.request["seed"])
        except MicrogptError as error:
            self._row(exercise.id, BROKEN, message=str(error))
            return
        seconds = time.perf_counter() - start
        self._row(exercise.id, result.state, result.property, _message(result), seconds)

    def _row(
        self, id: str, state: str, failed: str = "", message: str = "", seconds: float = 0.0
    ) -> None:
        row = {"exercise": id, "state": state, "property": failed, "message": message,
               "version": __version__, "seconds": round(seconds, 2)}  # fmt: skip
        self._write(row)

    def _write(self, line: dict[str, Any]) -> None:
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()


def _alone(trouble: str) -> str:
    """What went wrong; of a missing name, why it may be missing."""
    is_name = trouble.startswith("NameError")
    return format_message("grading", "alone", error=trouble) if is_name else trouble


def _message(result: Result) -> str:
    """Why it is not yet right; numbers are left out, their last digits are a machine's own."""
    if not isinstance(result.got, str):
        return result.cause
    if result.got.startswith("NameError"):
        return _alone(result.got)
    return f"{result.cause} ({result.got})"


if __name__ == "__main__":
    main()
