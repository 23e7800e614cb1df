"""What runs in a process of its own for each submission: run its cells, check its answers.

The request comes as JSON on the standard input; a line of JSON for each exercise goes to the file
that the request names, as soon as it is known.
"""

import json
import os
import random
import sys
import time
import types
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from microgpt import __version__
from microgpt.errors import MicrogptError
from microgpt.learn import registry, submissions
from microgpt.learn.catalogue import sentence
from microgpt.learn.checking import check
from microgpt.learn.comparing import shown
from microgpt.learn.parts import Exercise
from microgpt.learn.results import NOT_ATTEMPTED, NOT_YET, Result
from microgpt.learn.stub import todo

BROKEN = "broken"


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.read())
    _limit_memory(request["memory"])
    random.seed(request["seed"])
    np.random.seed(request["seed"] % 2**32)
    if request["own"]:
        registry.load(request["own"])
    with open(request["out"], "w", encoding="utf-8") as out:
        Marking(request, out).run()
    os._exit(0)  # threads that could not be stopped are left behind


def _limit_memory(size: int) -> None:
    """The most address space, in bytes, on systems that can limit it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


class Marking:
    """The marking of one file: the names its code has bound so far, and where rows go."""

    def __init__(self, request: dict[str, Any], out: TextIO):
        self.request, self.out = request, out
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def run(self) -> None:
        """Run what may be run and write one row for each exercise asked for."""
        known = {exercise.id: exercise for exercise in registry.exercises()}
        submission = submissions.read(Path(self.request["file"]), list(known.values()))
        if submission.is_script:  # its `if __name__ == "__main__":` is not for us
            module = sys.modules["submission"] = types.ModuleType("submission")
            self.names = vars(module)
        trouble = self._execute(submission.imports, "the imports")
        for id in self.request["ids"]:
            if id not in known:
                self._row(id, BROKEN, message=sentence("grading", "unknown", id=id))
            elif id not in submission.answers:
                self._row(id, NOT_ATTEMPTED, message=sentence("grading", "absent"))
            elif submission.is_script:
                self._mark(known[id], trouble, sentence("grading", "script_runs"))
            else:
                self.names.pop(known[id].answer, None)
                failed = self._execute(submission.answers[id], id)
                self._mark(known[id], failed or trouble, sentence("grading", "cell_runs"))

    def _execute(self, source: str, name: str) -> str:
        """Run code; what went wrong, in a line, or nothing."""
        try:
            exec(compile(source, f"<{name}>", "exec"), self.names)
        except BaseException as error:
            place = os.getcwd()
            return shown(f"{type(error).__name__}: {error}".replace(place, "."))
        return ""

    def _mark(self, exercise: Exercise, trouble: str, runs: str) -> None:
        bound = exercise.answer in self.names
        if trouble and not bound:
            if trouble.startswith("NotImplementedError"):
                self._row(exercise.id, NOT_ATTEMPTED, message=sentence("grading", "absent"))
            else:
                self._row(exercise.id, NOT_YET, runs, sentence("grading", "alone", error=trouble))
            return
        if not bound:
            defined = sentence("grading", "defines", name=exercise.answer)
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
        self.out.write(json.dumps(row) + "\n")
        self.out.flush()


def _message(result: Result) -> str:
    """Why it is not yet right; numbers are left out, their last digits are a machine's own."""
    if not isinstance(result.got, str):
        return result.cause
    if result.got.startswith("NameError"):
        return sentence("grading", "alone", error=result.got)
    return f"{result.cause} ({result.got})"


if __name__ == "__main__":
    main()
